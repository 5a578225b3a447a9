from importlib.metadata import PackageNotFoundError

from reproduce import provenance


def test_tensorflow_without_a_gpu_is_tensorflow(monkeypatch):
    def installed(name):
        if name == "tensorflow":
            raise PackageNotFoundError(name)
        return f"version of {name}"

    monkeypatch.setattr(provenance, "version", installed)
    versions = provenance.of_this_run()["versions"]
    assert versions["tensorflow"] == "version of tensorflow-cpu"
    assert versions["keras"] == "version of keras"
