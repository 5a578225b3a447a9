"""Layers that Keras does not have."""

from tfclust.layers.quadratic_features import QuadraticFeatures

__all__ = ["QuadraticFeatures"]
