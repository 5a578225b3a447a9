"""Trained models as files that TensorFlow Serving runs, without this package.

Importing this package imports nothing else, so that a command line can check where a version goes
before it starts TensorFlow.
"""

import importlib

_HOMES = {
    "Preprocessing": "preprocessing",
    "ServingExport": "serving_export",
    "export_for_serving": "saved_model",
}

__all__ = list(_HOMES)


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'tfclust.export' has no attribute {name!r}")
    return getattr(importlib.import_module(f"tfclust.export.{_HOMES[name]}"), name)


def __dir__():
    return sorted(__all__)
