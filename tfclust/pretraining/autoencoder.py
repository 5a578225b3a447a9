"""Autoencoders, trained layer by layer and as a whole."""

import keras
import tensorflow as tf

from tfclust.checks import check_integer, check_share
from tfclust.feeding import ordered_batches
from tfclust.losses import binary_cross_entropies, squared_errors
from tfclust.networks import chain
from tfclust.randomness import dropout_sample, layer_seeds, step_seed


def squared_error_loss(x, reconstructions):
    """Squared error of every sample of a batch, `(batch,)`, summed over its values."""
    return squared_errors(_flat(x), _flat(reconstructions))


def cross_entropy_loss(x, logits):
    """Binary cross-entropy of every sample of a batch, `(batch,)`, summed over its values."""
    return binary_cross_entropies(_flat(x), _flat(logits))


def pretrain_autoencoder(
    encoder,
    decoder,
    x,
    loss,
    stages,
    layer_stages=None,
    dropout=0.0,
    augment=None,
    drop_ends=True,
):
    """Trains an autoencoder in place: layer by layer where asked, and then as a whole.

    Resumable as its `Stages` are.

    Args:
        encoder, decoder: built `keras.Sequential`; of dense layers that mirror each other where
            there are `layer_stages`.
        x: float32 array `(n, ...)` or CSR matrix `(n, d)`.
        loss: of the reconstruction of `x`, as Keras takes it.
        stages: `Stages` of the whole, the stage `autoencoder`.
        layer_stages: `Stages` of the layers, see `pretrain_layers`; None for none.
        dropout: float of at least 0 and below 1, of the layers alone, see `pretrain_layers`.
        augment: `tfclust.augmentation.Augmentation` of the rows that the whole is given; None
            leaves them as they are.
        drop_ends: bool, see `pretrain_layers`.

    Returns:
        `keras.callbacks.History` with the losses of every stage by its name.

    Raises:
        ValueError: `dropout` is out of its range, `augment` does not fit the rows, or see `Stages`.

    Example:

    ```python
    import numpy as np
    from tfclust.networks import dense_network
    from tfclust.pretraining import Stages, pretrain_autoencoder, squared_error_loss

    x = np.random.default_rng(0).random((100, 6), dtype="float32")
    encoder, decoder = dense_network(6, (5, 2), seed=0), dense_network(2, (5, 6), seed=1)
    whole, layers = (Stages(epochs, batch_size=25, seed=0, verbose=0) for epochs in (5, 2))
    pretrain_autoencoder(encoder, decoder, x, squared_error_loss, whole, layers, dropout=0.2)
    ```

    Reference: Xie, Girshick, Farhadi, Unsupervised deep embedding for clustering analysis, 2016,
    Section 3.2.
    """
    losses = {}
    if layer_stages is not None:
        noise = {"dropout": dropout, "drop_ends": drop_ends}
        pretrain_layers(encoder, decoder, x, layer_stages, loss, **noise)
        losses.update(layer_stages.losses)
    parts = [encoder, decoder]
    whole = chain(encoder.input_shape[1:], parts, "autoencoder", encoder.input_dtype)
    stages.train("autoencoder", whole, x, None, loss, augment)
    history = keras.callbacks.History()
    history.history = {**losses, **stages.losses}
    return history


def autoencoder_stages(n_layers, epochs, layer_epochs):
    """The stages of `pretrain_autoencoder` in their order: dict, name -> epochs.

    Args:
        n_layers: int of at least 1, layers of the encoder.
        epochs: int of at least 1, of the whole.
        layer_epochs: int of at least 0, of each layer; 0 for no such stages.

    Raises:
        ValueError: a length out of its range.

    Example: `autoencoder_stages(2, 9, 5)` is `{"layer_1": 5, "layer_2": 5, "autoencoder": 9}`.
    """
    layers = n_layers if check_integer("layer_epochs", layer_epochs, 0) else 0
    lengths = {f"layer_{i + 1}": layer_epochs for i in range(layers)}
    return {**lengths, "autoencoder": check_integer("epochs", epochs, 1)}


def pretrain_layers(
    encoder, decoder, x, stages, loss, batch_size=2000, dropout=0.0, drop_ends=True
):
    """Greedy layer-wise pretraining of an autoencoder, in place.

    Layer after layer of the encoder is trained, with the layer of the decoder that mirrors it, to
    reconstruct the output of the layers below, which stay as they are: three stages, `layer_1` to
    `layer_3`, for a code above two hidden layers. What belongs to a layer (its normalization and
    its activation) goes with it. Fine-tuning the whole is the caller's.

    The data is reconstructed under `loss`; hidden outputs, which a cross-entropy of values in
    [0, 1] does not fit, under the squared error.

    Args:
        encoder, decoder: built `keras.Sequential` of dense layers that mirror each other, each
            followed by what belongs to it.
        x: float32 array or CSR matrix `(n, d)`.
        stages: `Stages`, which trains.
        loss: of the reconstruction of `x`, as Keras takes it.
        batch_size: rows that are passed to the next layer at a time.
        dropout: float of at least 0 and below 1, share of what each of the two layers is given that
            is set to 0, drawn anew in each step: denoising autoencoders, as DEC's.
        drop_ends: bool, whether so are the data and the code, as in DEC's paper; in its authors'
            code only hidden outputs are.

    Raises:
        ValueError: `dropout` is out of its range.

    Reference: Bengio, Lamblin, Popovici, Larochelle, Greedy layer-wise training of deep networks,
    2007; with dropout, Xie, Girshick, Farhadi, Unsupervised deep embedding for clustering analysis,
    2016, Eqs. 6 to 9.
    """
    if check_share("dropout", dropout) == 1.0:
        raise ValueError(f"`dropout` must be below 1. Received: dropout={dropout!r}")
    seeds = iter(layer_seeds(stages.seed, 2 * len(encoder.layers)))
    ups, downs = _by_layer(encoder), reversed(_by_layer(decoder))
    for i, (up, down) in enumerate(zip(ups, downs, strict=True), start=1):
        parts = []
        for part, is_end in ((up, i == 1), (down, i == len(ups))):
            rate = 0.0 if is_end and not drop_ends else dropout
            noise = [_Dropout(rate, next(seeds), dtype=up.input_dtype)] if rate else []
            parts += [*noise, part]
        network = chain(_sample_shape(up.layers[0]), parts, dtype=up.input_dtype)
        stages.train(f"layer_{i}", network, x, None, loss)
        x = up.predict(ordered_batches(x, batch_size=batch_size), verbose=0)
        loss = squared_error_loss


class _Dropout(keras.layers.Layer):
    """Dropout that counts its steps: a training that was cut off goes on with the same draws."""

    def __init__(self, rate, seed, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate
        self._seed = seed

    def build(self, input_shape):
        self._steps = self.add_weight((), "zeros", "int64", trainable=False, name="steps")

    def call(self, x, training=False):
        if not training:
            return x
        draw = dropout_sample(x, self.rate, step_seed(self._seed, self._steps.value))
        self._steps.assign_add(1)
        return draw


def _by_layer(network):
    """A sequence cut before each of its kernels, as sequences that share its layers."""
    groups = []
    for layer in network.layers:
        if hasattr(layer, "kernel"):
            groups.append([])
        groups[-1].append(layer)
    return [chain(_sample_shape(group[0]), group, dtype=group[0].dtype) for group in groups]


def _sample_shape(layer):
    return layer.input.shape[1:]


def _flat(x):
    return tf.reshape(x, (tf.shape(x)[0], -1))
