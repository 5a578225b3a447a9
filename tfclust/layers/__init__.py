"""Layers that Keras does not have."""

from tfclust.startup import check_backend

check_backend()  # before Keras is imported, whose own error says less

from tfclust.layers.batch_normalization import BatchNormalization
from tfclust.layers.parallel_batch_normalization import ParallelBatchNormalization
from tfclust.layers.parallel_conv2d import ParallelConv2D
from tfclust.layers.parallel_conv2d_transpose import ParallelConv2DTranspose
from tfclust.layers.parallel_dense import ParallelDense
from tfclust.layers.parallel_reshape import ParallelReshape
from tfclust.layers.parallel_sequential import ParallelSequential
from tfclust.layers.quadratic_features import QuadraticFeatures

__all__ = [
    "BatchNormalization",
    "ParallelBatchNormalization",
    "ParallelConv2D",
    "ParallelConv2DTranspose",
    "ParallelDense",
    "ParallelReshape",
    "ParallelSequential",
    "QuadraticFeatures",
]
