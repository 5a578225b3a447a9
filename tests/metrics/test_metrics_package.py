import doctest
import importlib
import pkgutil
import subprocess
import sys

import pytest

from tfclust import metrics

MODULES = [f"{metrics.__name__}.{module.name}" for module in pkgutil.iter_modules(metrics.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_import_needs_neither_scikit_learn_nor_scipy_modules():
    # None in `sys.modules` makes the import of that module fail.
    blocked = ["sklearn", "scipy.optimize", "scipy.spatial"]
    code = f"import sys; sys.modules.update(dict.fromkeys({blocked})); import tfclust.metrics"
    subprocess.run([sys.executable, "-c", code], check=True)
