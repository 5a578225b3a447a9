"""Encoders and decoders as the papers draw them."""

from tfclust.startup import check_backend

check_backend()  # before Keras is imported, whose own error says less

import keras

from tfclust.checks import check_choice
from tfclust.layers import (
    BatchNormalization,
    ParallelBatchNormalization,
    ParallelConv2D,
    ParallelConv2DTranspose,
    ParallelDense,
    ParallelReshape,
    ParallelSequential,
)
from tfclust.layers.batch_normalization import MovingStatistics
from tfclust.layers.parallel_layer import ParallelLayer
from tfclust.randomness import layer_seeds

KERNEL_STARTS = {
    "glorot_uniform": keras.initializers.GlorotUniform,
    "small_normal": lambda seed: keras.initializers.RandomNormal(stddev=0.01, seed=seed),
    "fan_in_uniform": lambda seed: keras.initializers.VarianceScaling(
        1.0 / 3.0, "fan_in", "uniform", seed=seed
    ),
}
# Of a layer that takes so many values.
BIAS_STARTS = {
    "glorot_normal": lambda size, seed: keras.initializers.GlorotNormal(seed=seed),
    "zeros": lambda size, seed: keras.initializers.Zeros(),
    "fan_in_uniform": lambda size, seed: keras.initializers.RandomUniform(
        -(size**-0.5), size**-0.5, seed=seed
    ),
}


def dense_network(
    input_dim,
    units,
    activation="leaky_relu",
    bias_start="glorot_normal",
    name=None,
    dtype=None,
    output_dtype=None,
    seed=None,
    output_bias=True,
    kernel_start="glorot_uniform",
):
    """A stack of dense layers, all but the last one activated.

    With `leaky_relu` (slope 0.2) these are the encoder and the decoder of the AE-CM paper,
    d-500-500-2000-p and its mirror image. The paper does not say how weights start: kernels are
    Glorot uniform and biases Glorot normal, as in its authors' code.

    Args:
        input_dim: size d of an input vector.
        units: widths of the layers; the last is the size of the output.
        activation: of every layer but the last.
        bias_start: how biases start, "glorot_normal", "zeros", or "fan_in_uniform", within one over
            the root of the size of the layer's input.
        name: of the Keras model.
        dtype: precision policy of the layers.
        output_dtype: precision policy of the last layer, where it differs: "float32" keeps the
            digits of codes whose distances are compared.
        seed: int that fixes the initial weights, or None.
        output_bias: whether the last layer has a bias.
        kernel_start: how kernels start, "glorot_uniform"; as in DEC's paper, "small_normal", of a
            deviation of 0.01; or "fan_in_uniform", as the biases of that name: Torch starts both
            so.

    Returns:
        A built `keras.Model` that maps `(batch, input_dim)` to `(batch, units[-1])`.

    Example:

    ```python
    from tfclust.networks import dense_network

    encoder = dense_network(64, (200, 200, 500, 10), name="encoder")
    ```
    """
    biases = BIAS_STARTS[check_choice("bias_start", bias_start, BIAS_STARTS)]
    kernels = KERNEL_STARTS[check_choice("kernel_start", kernel_start, KERNEL_STARTS)]
    sizes = (input_dim, *units)
    seeds = layer_seeds(seed, 2 * len(units))
    last = len(units) - 1
    layers = [
        keras.layers.Dense(
            width,
            activation=None if i == last else activation,
            use_bias=output_bias or i < last,
            kernel_initializer=kernels(seed=seeds[2 * i]),
            bias_initializer=biases(sizes[i], seed=seeds[2 * i + 1]),
            dtype=(output_dtype or dtype) if i == last else dtype,
            name=f"dense_{i}",
        )
        for i, width in enumerate(units)
    ]
    return chain((input_dim,), layers, name, dtype)


def normalized_network(
    input_dim,
    units,
    activation="relu",
    normalize_first=True,
    hidden_output=False,
    name=None,
    dtype=None,
    output_dtype=None,
    seed=None,
):
    """A stack of dense layers, all but the last one batch-normalized and activated.

    With `relu` these are the networks of the Gumbel-Softmax paper: "all the layers, except the
    input, output and embeddings, are followed by batch normalization and rectified linear unit".
    A layer that is normalized first has no bias, which the normalization would take out again.
    Batches are normalized by the statistics of the global batch under a distribution strategy.

    Args:
        input_dim, units, activation, name, dtype, output_dtype, seed: as in `dense_network`;
            kernels start Glorot uniform and biases at 0, on which the paper is silent.
        normalize_first: whether a layer is normalized before its activation, or after it.
        hidden_output: whether the last layer is a hidden layer like the others, normalized and
            activated as they are. False leaves it linear.

    Returns:
        A built `keras.Model` that maps `(batch, input_dim)` to `(batch, units[-1])`.

    Example:

    ```python
    from tfclust.networks import normalized_network

    encoder = normalized_network(64, (128, 64, 50), name="encoder")
    ```
    """

    def kernel(layer_seed):
        return keras.initializers.GlorotUniform(seed=layer_seed)

    def hidden(i, width, layer_seed, dtype):
        dense = keras.layers.Dense(
            width,
            use_bias=not normalize_first,
            kernel_initializer=kernel(layer_seed),
            dtype=dtype,
            name=f"dense_{i}",
        )
        normalize = BatchNormalization(synchronized=True, dtype=dtype, name=f"norm_{i}")
        activate = keras.layers.Activation(activation, dtype=dtype, name=f"activation_{i}")
        return [dense, *_in_order(normalize, activate, normalize_first)]

    *seeds, last_seed = layer_seeds(seed, len(units))
    *hidden_units, last = units
    layers = []
    for i, (width, layer_seed) in enumerate(zip(hidden_units, seeds, strict=True)):
        layers += hidden(i, width, layer_seed, dtype)
    output_dtype = output_dtype or dtype
    if hidden_output:
        layers += hidden(len(seeds), last, last_seed, output_dtype)
    else:
        layers.append(
            keras.layers.Dense(
                last, kernel_initializer=kernel(last_seed), dtype=output_dtype, name="output"
            )
        )
    return chain((input_dim,), layers, name, dtype)


def parallel_dense_autoencoder(
    n_networks,
    input_dim,
    hidden_units,
    embedding_dim,
    activation="relu",
    batch_normalization=False,
    normalize_first=True,
    hidden_code=False,
    variational=False,
    dtype=None,
    seed=None,
):
    """K dense autoencoders of one shape, as one encoder and one decoder.

    Args:
        n_networks: number of autoencoders K.
        input_dim: size d of an input vector.
        hidden_units: widths of each encoder's hidden layers; the decoder mirrors them.
        embedding_dim: size p of each one's code.
        activation: of every layer but the last of each.
        batch_normalization: whether the hidden layers are normalized, each network by its own
            statistics.
        normalize_first: whether they are normalized before their activation, or after it.
        hidden_code: whether the code is a hidden layer like the others, activated and normalized as
            they are. False leaves it linear.
        variational: whether the encoders give the mean and the logarithm of the variance of a code,
            2p values.
        dtype: precision policy of the layers; codes have the dtype of its weights.
        seed: int that fixes the initial weights, or None.

    Returns:
        Two built Keras models: `(batch, d)` -> `(K, batch, p)` and `(K, batch, p)` ->
        `(K, batch, d)`.

    Example:

    ```python
    from tfclust.networks import parallel_dense_autoencoder

    encoder, decoder = parallel_dense_autoencoder(10, 64, (32, 16), 8)
    ```
    """
    seeds = iter(layer_seeds(seed, 2 * len(hidden_units) + 2))

    def dense(units, activation=None, use_bias=True, dtype=dtype):
        initializer = keras.initializers.GlorotUniform(seed=next(seeds))
        return ParallelDense(
            n_networks, units, activation, use_bias, kernel_initializer=initializer, dtype=dtype
        )

    def hidden(units, dtype=dtype):
        if not batch_normalization:
            return [dense(units, activation, dtype=dtype)]
        normalize = ParallelBatchNormalization(n_networks, dtype=dtype)
        activate = keras.layers.Activation(activation, dtype=dtype)
        # The normalization that follows a product at once has an offset of its own.
        product = dense(units, use_bias=not normalize_first, dtype=dtype)
        return [product, *_in_order(normalize, activate, normalize_first)]

    def all_hidden(units):
        return [layer for width in units for layer in hidden(width)]

    code = hidden if hidden_code else lambda units, dtype: [dense(units, dtype=dtype)]
    code_size = embedding_dim * (2 if variational else 1)
    encoder = [*all_hidden(hidden_units), *code(code_size, dtype=whole_dtype(dtype))]
    decoder = [*all_hidden(hidden_units[::-1]), dense(input_dim)]
    return _as_models(n_networks, (input_dim,), encoder, embedding_dim, decoder, dtype)


def parallel_convolutional_autoencoder(
    n_networks,
    image_shape,
    filters,
    embedding_dim,
    kernel_size=5,
    activation="relu",
    variational=False,
    dtype=None,
    seed=None,
):
    """K convolutional autoencoders of one shape, as one encoder and one decoder.

    Every convolution halves height and width (stride 2); a dense layer makes the code. The decoder
    mirrors the encoder with transposed convolutions.

    Args:
        n_networks: number of autoencoders K.
        image_shape: height, width and channels.
        filters: channels after each convolution of an encoder.
        embedding_dim: size p of each one's code.
        kernel_size: height and width of the kernels.
        activation: of every layer but the last of each.
        variational: as in `parallel_dense_autoencoder`.
        dtype: precision policy of the layers; codes have the dtype of its weights.
        seed: int that fixes the initial weights, or None.

    Returns:
        Two built Keras models: `(batch, height, width, channels)` -> `(K, batch, p)` and
        `(K, batch, p)` -> `(K, batch, height, width, channels)`.

    Raises:
        ValueError: height or width is not a multiple of `2 ** len(filters)`, so that the decoder
            could not give it back; names sizes that are.

    Example:

    ```python
    from tfclust.networks import parallel_convolutional_autoencoder

    encoder, decoder = parallel_convolutional_autoencoder(10, (28, 28, 1), (16, 32), 8)
    ```
    """
    height, width, channels = image_shape
    _check_halvings(height, width, len(filters))
    seeds = iter(layer_seeds(seed, 2 * len(filters) + 2))
    smallest = (height >> len(filters), width >> len(filters), filters[-1])

    def initializer():
        return keras.initializers.GlorotUniform(seed=next(seeds))

    def convolution(layer, size, activation=activation, dtype=dtype):
        return layer(
            n_networks,
            size,
            kernel_size,
            strides=2,
            padding="same",
            activation=activation,
            kernel_initializer=initializer(),
            dtype=dtype,
        )

    def dense(units, activation=None, dtype=dtype):
        return ParallelDense(
            n_networks, units, activation, kernel_initializer=initializer(), dtype=dtype
        )

    encoder = [
        *(convolution(ParallelConv2D, size) for size in filters),
        ParallelReshape(n_networks, (-1,), dtype=dtype),
        dense(embedding_dim * (2 if variational else 1), dtype=whole_dtype(dtype)),
    ]
    decoder = [
        dense(smallest[0] * smallest[1] * smallest[2], activation),
        ParallelReshape(n_networks, smallest, dtype=dtype),
        *(convolution(ParallelConv2DTranspose, size) for size in filters[-2::-1]),
        convolution(ParallelConv2DTranspose, channels, activation=None),
    ]
    return _as_models(n_networks, image_shape, encoder, embedding_dim, decoder, dtype)


def linear(name, input_dim, units, dtype, seed, use_bias=True):
    """A built Dense layer without an activation, its kernel Glorot uniform and its bias at 0.

    Args:
        name: of the layer.
        input_dim, units: sizes of an input and an output.
        dtype: in which it computes.
        seed: int.
        use_bias: whether it has a bias.
    """
    start = keras.initializers.GlorotUniform(seed=seed)
    layer = keras.layers.Dense(
        units, use_bias=use_bias, kernel_initializer=start, dtype=dtype, name=name
    )
    layer.build((None, input_dim))
    return layer


def convolutional_network(
    sample_shape,
    filters,
    units,
    kernel_size=4,
    name=None,
    dtype=None,
    output_dtype=None,
    seed=None,
    output_bias=True,
):
    """Convolutions of stride 2 and dense layers, all but the last one activated: leaky ReLU, 0.2.

    With `filters=(64, 128)` and `units=(1024, n)` these are the critic and the encoder of
    ClusterGAN's authors' code for images. Kernels start normal with a deviation of 0.02, the last
    one Glorot uniform, biases at 0.

    Args:
        sample_shape: height and width, and channels where there are any.
        filters: channels after each convolution.
        units: widths of the dense layers; the last is the size of the output.
        kernel_size: height and width of the kernels.
        name, dtype, output_dtype, seed, output_bias: as in `dense_network`.

    Returns:
        A built `keras.Model` that maps `(batch, *sample_shape)` to `(batch, units[-1])`.

    Example:

    ```python
    from tfclust.networks import convolutional_network

    critic = convolutional_network((28, 28), (64, 128), (1024, 1), name="critic")
    ```
    """
    *seeds, last_seed = layer_seeds(seed, len(filters) + len(units))
    options = [
        {"kernel_initializer": _small_normal(one), "activation": "leaky_relu", "dtype": dtype}
        for one in seeds
    ]
    layers = [
        keras.layers.Reshape((*sample_shape, 1)[:3], dtype=dtype),
        *(
            keras.layers.Conv2D(size, kernel_size, 2, "same", **own)
            for size, own in zip(filters, options, strict=False)
        ),
        keras.layers.Flatten(dtype=dtype),
        *(
            keras.layers.Dense(width, **own)
            for width, own in zip(units[:-1], options[len(filters) :], strict=True)
        ),
        keras.layers.Dense(
            units[-1],
            use_bias=output_bias,
            kernel_initializer=keras.initializers.GlorotUniform(seed=last_seed),
            dtype=output_dtype or dtype,
        ),
    ]
    return chain(sample_shape, layers, name, dtype)


def convolutional_generator(
    input_dim, units, filters, sample_shape, kernel_size=4, name=None, dtype=None, seed=None
):
    """Dense layers and transposed convolutions of stride 2, the mirror of `convolutional_network`.

    All but the last one are batch-normalized and activated by a ReLU, as in ClusterGAN's authors'
    code for images; kernels start normal with a deviation of 0.02.

    Args:
        input_dim: size of an input vector.
        units: widths of the dense layers, from first to last.
        filters: channels that the transposed convolutions begin with, and after each but the last.
        sample_shape: height and width, and channels where there are any.
        kernel_size, name, dtype, seed: as in `convolutional_network`.

    Returns:
        A built `keras.Model` that maps `(batch, input_dim)` to `(batch, *sample_shape)`.

    Raises:
        ValueError: height or width is not a multiple of `2 ** len(filters)`; names sizes that are.

    Example:

    ```python
    from tfclust.networks import convolutional_generator

    generator = convolutional_generator(40, (1024,), (128, 64), (28, 28), name="generator")
    ```
    """
    height, width, channels = (*sample_shape, 1)[:3]
    _check_halvings(height, width, len(filters))
    seeds = iter(layer_seeds(seed, len(units) + len(filters) + 1))
    smallest = (height >> len(filters), width >> len(filters), filters[0])

    def hidden(layer, *sizes):
        product = layer(
            *sizes, use_bias=False, kernel_initializer=_small_normal(next(seeds)), dtype=dtype
        )
        normalize = BatchNormalization(synchronized=True, dtype=dtype)
        return [product, normalize, keras.layers.Activation("relu", dtype=dtype)]

    dense, transposed = keras.layers.Dense, keras.layers.Conv2DTranspose
    layers = [
        *(layer for size in units for layer in hidden(dense, size)),
        *hidden(dense, smallest[0] * smallest[1] * smallest[2]),
        keras.layers.Reshape(smallest, dtype=dtype),
        *(
            layer
            for size in filters[1:]
            for layer in hidden(transposed, size, kernel_size, 2, "same")
        ),
        transposed(
            *(channels, kernel_size, 2, "same"),
            kernel_initializer=_small_normal(next(seeds)),
            dtype=dtype,
        ),
        keras.layers.Reshape(sample_shape, dtype=dtype),
    ]
    return chain((input_dim,), layers, name, dtype)


def _small_normal(seed):
    return keras.initializers.RandomNormal(stddev=0.02, seed=seed)


def chain(sample_shape, layers, name=None, dtype=None):
    """Layers or networks, one after the other, as a built `keras.Sequential`.

    Args:
        sample_shape: of one sample of the input.
        layers: list of layers or Keras models.
        name: of the Keras model.
        dtype: precision policy; inputs are taken in the dtype of its weights. Keras would cast them
            to its global precision, whatever that of the layers.
    """
    inputs = keras.Input(sample_shape, dtype=whole_dtype(dtype))
    return keras.Sequential([inputs, *layers], name=name)


def whole_dtype(policy):
    """The dtype of weights, data and sums under a precision policy; None is Keras's global one."""
    return keras.dtype_policies.get(policy).variable_dtype


def single_network(model, k):
    """Network `k` of a sequence of parallel layers, as an ordinary sequence with its own weights.

    Args:
        model: `keras.Sequential` of parallel layers and activations, such as
            `parallel_dense_autoencoder` makes.
        k: index of the network.

    Raises:
        ValueError: the model holds another kind of layer.
    """
    shape = model.input_shape
    sample_shape = shape[shape.index(None) + 1 :]  # what follows the batch
    layers = [_single_layer(layer, k) for layer in model.layers]
    return chain(sample_shape, layers, model.name, model.input_dtype)


def set_single_network(model, k, single):
    """Copies the weights of an ordinary sequence, as `single_network` gives, into network `k`."""
    for layer, one in zip(model.layers, single.layers, strict=True):
        if isinstance(layer, ParallelLayer):
            layer.set_network(k, one)


def smallest_batch(network):
    """Rows of the smallest batch that `network` can learn from: 2 where it normalizes them."""
    return 2 if any(_normalizations(network)) else 1


def restart_statistics(network):
    """Makes the moving statistics of `network` those of the batches to come, and of no others.

    For a network that goes on to other data than it was trained on.
    """
    for layer in _normalizations(network):
        if isinstance(layer, MovingStatistics):  # Keras's own know no restart
            layer.restart()


def _normalizations(network):
    for layer in network.layers:
        if isinstance(layer, (keras.layers.BatchNormalization, ParallelBatchNormalization)):
            yield layer
        elif isinstance(layer, keras.Model):
            yield from _normalizations(layer)


def _single_layer(layer, k):
    if isinstance(layer, ParallelLayer):
        return layer.network(k)
    if isinstance(layer, keras.layers.Activation):
        return keras.layers.Activation(layer.activation, dtype=layer.dtype_policy)
    raise ValueError(
        "Networks can be taken apart that are made of parallel layers. "
        f"Received: a layer of type {type(layer).__name__}"
    )


def _in_order(normalize, activate, normalize_first):
    return [normalize, activate] if normalize_first else [activate, normalize]


def _as_models(n_networks, sample_shape, encoder, embedding_dim, decoder, dtype):
    x = keras.Input(sample_shape, dtype=whole_dtype(dtype))
    codes = keras.Input(batch_shape=(n_networks, None, embedding_dim), dtype=whole_dtype(dtype))
    return (
        ParallelSequential([x, *encoder], name="encoder"),
        ParallelSequential([codes, *decoder], name="decoder"),
    )


def _check_halvings(height, width, count):
    step = 2**count
    if height % step or width % step:
        fits = [
            f"the {name} to {_multiples(size, step)}"
            for name, size in (("height", height), ("width", width))
            if size % step
        ]
        raise ValueError(
            f"Images that {count} layers of stride 2 can give back have a height and a width that "
            f"are multiples of {step}: pad or crop {' and '.join(fits)}. "
            f"Received: images of {height} by {width}"
        )


def _multiples(size, step):
    """The multiples of `step` next to `size`, as text."""
    below = size - size % step
    return f"{below} or {below + step}" if below else f"{step}"
