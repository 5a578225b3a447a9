"""DEC in miniature: a model whose objective needs the numbers of a batch's rows."""

import keras
import tensorflow as tf

from tfclust.models import ClusteringModel
from tfclust.networks import dense_network

EVERY = 4  # steps between two refreshments of the targets


@keras.saving.register_keras_serializable(package="tests")
class NumberedModel(ClusteringModel):
    """KL of soft assignments from sharpened ones, of all rows, that are kept for some steps."""

    TERMS = ("divergence",)
    PARTS = ("encoder", "centres")
    NUMBERS_ROWS = True

    def build(self, input_shape):
        self.encoder = dense_network(input_shape[-1], (2,), seed=self.seed)
        start = keras.initializers.RandomNormal(stddev=1.0, seed=self.seed)
        self.centres = self.add_weight((self.n_clusters, 2), initializer=start, name="centres")

    def call(self, x, training=False):
        codes = self.encoder(x)[:, tf.newaxis]
        closeness = 1.0 / (1.0 + tf.reduce_sum(tf.square(codes - self.centres), axis=-1))
        return closeness / tf.reduce_sum(closeness, axis=1, keepdims=True)

    def objective(self, x, training=False, rows=None):
        found = self(x)
        wanted = sharpened(found) if rows is None else tf.gather(self.row_values["wanted"], rows)
        terms = wanted * (tf.math.log(wanted) - tf.math.log(found))
        return found, {"divergence": tf.reduce_sum(terms)}

    def training_callbacks(self, x):
        return [Sharpen(x)]


def sharpened(found):
    """Eq. 3 of Xie, Girshick, Farhadi, 2016."""
    weights = tf.square(found) / tf.reduce_sum(found, axis=0)
    return weights / tf.reduce_sum(weights, axis=1, keepdims=True)


class Sharpen(keras.callbacks.Callback):
    """Takes the targets of all rows anew."""

    def __init__(self, x):
        super().__init__()
        self.x = x

    def on_train_begin(self, logs=None):
        self.refresh()

    def on_train_batch_begin(self, batch, logs=None):
        self.before = self.model.optimizer.iterations.numpy() // EVERY

    def on_train_batch_end(self, batch, logs=None):
        if self.model.optimizer.iterations.numpy() // EVERY > self.before:
            self.refresh()

    def refresh(self):
        found = self.model.predict(self.x, verbose=0)
        self.model.set_row_values("wanted", sharpened(found))
