"""Clustering with autoencoders, faithful to the papers."""

from tfclust.version import __version__

__all__ = ["__version__"]
