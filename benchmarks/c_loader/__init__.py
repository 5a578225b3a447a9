"""A program in C that runs SavedModels, and its use from Python."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import tensorflow as tf

SOURCE = Path(__file__).parent / "loader.c"


class CLoader:
    """A SavedModel in a process of its own, run by TensorFlow's C library and no Python.

    Args:
        program: `pathlib.Path`, as `compile_loader` returns it.
        saved_model: folder of a SavedModel.

    Example:

    ```python
    with CLoader(compile_loader(folder), "serving/digits/1") as loader:
        answer = loader.run("serving_default", {"x": x})
    ```
    """

    def __init__(self, program, saved_model):
        self._process = subprocess.Popen(
            [str(program), str(saved_model)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def run(self, signature, inputs, repeats=1):
        """The outputs of a signature, name -> array; `seconds` then holds each repeat's.

        Raises:
            RuntimeError: the request is refused; says how.
        """
        request = self._process.stdin
        request.write(f"{signature} {len(inputs)} {repeats}\n".encode())
        for name, array in inputs.items():
            dtype = tf.as_dtype(array.dtype).as_datatype_enum
            sizes = " ".join(map(str, array.shape))
            request.write(f"{name} {dtype} {array.ndim} {sizes}\n".encode())
            request.write(np.ascontiguousarray(array).tobytes())
        request.flush()
        status, _, rest = self._process.stdout.readline().decode().strip().partition(" ")
        if status != "ok":
            raise RuntimeError(rest or "the loader has ended")
        outputs = dict(self._read_tensor() for _ in range(int(rest)))
        self.seconds = self._read_array("float64", (repeats,))
        return outputs

    def _read_tensor(self):
        name, dtype, _, *sizes = self._process.stdout.readline().decode().split()
        dtype = tf.as_dtype(int(dtype)).as_numpy_dtype
        return name, self._read_array(dtype, tuple(map(int, sizes)))

    def _read_array(self, dtype, shape):
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        return np.frombuffer(self._process.stdout.read(size), dtype).reshape(shape)


def compile_loader(folder):
    """Compiles the program into `folder` against the TensorFlow of this Python; returns its path.

    Raises:
        FileNotFoundError: there is no C compiler.
    """
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise FileNotFoundError("A C compiler is needed, gcc or cc. Received: none in PATH")
    libraries = Path(tf.sysconfig.get_lib())
    names = ("libtensorflow_cc.so.2", "libtensorflow_framework.so.2")
    program = Path(folder) / "loader"
    subprocess.run(
        [
            *(compiler, "-O2", "-Wall", "-Werror", "-o", program, SOURCE),
            *("-isystem", tf.sysconfig.get_include()),
            *(libraries / name for name in names),
            f"-Wl,-rpath,{libraries}",
        ],
        check=True,
    )
    return program
