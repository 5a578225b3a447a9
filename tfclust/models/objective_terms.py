"""The terms of an objective in the logs."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="tfclust")
class ObjectiveTerms(keras.metrics.Metric):
    """Mean per sample of every term of an objective, and of the loss, their sum and a penalty.

    `term / batch size`, weighted by the batch sizes: the sum of the batches' terms over the samples
    seen. One vector holds all terms, so that a step pays for one update however many they are.

    Args:
        terms: names of the terms, the keys of the result besides "loss".

    Example:

    ```python
    from tfclust.models.objective_terms import ObjectiveTerms

    tracker = ObjectiveTerms(("reconstruction", "sparsity"))
    tracker.update_state({"reconstruction": 6.0, "sparsity": 2.0}, sample_count=2)
    tracker.result()  # {"loss": 4.0, "reconstruction": 3.0, "sparsity": 1.0}
    ```
    """

    def __init__(self, terms, name="objective_terms", **kwargs):
        super().__init__(name=name, **kwargs)
        self.terms = tuple(terms)
        size = len(self.terms) + 1  # and the penalty
        self.total = self.add_variable((size,), initializer="zeros", name="total")
        self.count = self.add_variable((), initializer="zeros", name="count")

    def update_state(self, terms, sample_count, penalty=0.0):
        """Adds a batch of `sample_count` samples.

        Args:
            terms: dict, name -> sum over the batch.
            sample_count: scalar.
            penalty: scalar, what is in the loss besides the terms, of the batch as they are.
        """
        values = [*(terms[name] for name in self.terms), penalty]
        values = [tf.cast(tf.reduce_sum(value), self.total.dtype) for value in values]
        self.total.assign_add(tf.stack(values))
        self.count.assign_add(tf.cast(sample_count, self.count.dtype))

    def result(self):
        """Dict of scalars: "loss" and every term, per sample."""
        means = tf.math.divide_no_nan(tf.convert_to_tensor(self.total), self.count)
        terms = dict(zip(self.terms, tf.unstack(means)[:-1], strict=True))
        return {"loss": tf.reduce_sum(means), **terms}

    def get_config(self):
        """Config that `from_config` takes."""
        return {**super().get_config(), "terms": self.terms}
