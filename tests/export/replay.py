"""Answers recorded requests by SavedModels, with TensorFlow and NumPy and nothing else of ours.

    python replay.py <folder> ...

Each folder holds `model/1`, a SavedModel, and `requests.npz`, arrays named
`<request>/<signature>/<input>`; `answers.npz` is written beside it, arrays named
`<request>/<output>`.
"""

import sys
from pathlib import Path


def replay(folder):
    """Writes the answers to the requests of one folder."""
    import numpy as np
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder / "model" / "1"))
    requests, answers = {}, {}
    for key, array in np.load(folder / "requests.npz").items():
        request, signature, name = key.split("/")
        requests.setdefault((request, signature), {})[name] = tf.constant(array)
    for (request, signature), inputs in requests.items():
        for name, output in loaded.signatures[signature](**inputs).items():
            answers[f"{request}/{name}"] = output.numpy()
    np.savez(folder / "answers.npz", **answers)


if __name__ == "__main__":
    for package in ("tfclust", "keras", "tf_keras"):
        sys.modules[package] = None  # importing it fails from here on
    for argument in sys.argv[1:]:
        replay(Path(argument))
