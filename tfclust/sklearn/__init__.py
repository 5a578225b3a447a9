"""The models as scikit-learn estimators."""

from tfclust.startup import check_backend

check_backend()  # before Keras is imported, whose own error says less

from tfclust.sklearn.auto_clusterer import AutoClusterer
from tfclust.sklearn.deep_clusterer import DeepClusterer

__all__ = ["AutoClusterer", "DeepClusterer"]
