"""Benchmark data by name: from files, scikit-learn, downloads, or drawn from a seed."""

from tfclust.datasets.dataset import Dataset
from tfclust.datasets.loading import load, names

__all__ = ["Dataset", "load", "names"]
