"""Trained models as files that TensorFlow Serving runs, without this package."""

from tfclust.export.preprocessing import Preprocessing
from tfclust.export.saved_model import export_for_serving
from tfclust.export.serving_export import ServingExport

__all__ = ["Preprocessing", "ServingExport", "export_for_serving"]
