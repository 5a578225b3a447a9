"""What every model trained on an objective of its own is and promises."""

import math
import warnings

import keras
import numpy as np
import tensorflow as tf

from tfclust.callbacks.steps_taken import StepsTaken, with_callbacks
from tfclust.callbacks.stop_on_nan import StopOnNaN
from tfclust.checks import check_choice, check_count, check_integer
from tfclust.distribution import global_batch_size, replica_count
from tfclust.feeding import array_batches, count_batches, is_stream
from tfclust.models.fed_model import FedModel, batch_count, refuse, unpack
from tfclust.models.objective_terms import ObjectiveTerms
from tfclust.optimizers import FusedAdam, LossScaling, build_optimizer
from tfclust.processor import check_bfloat16
from tfclust.randomness import drawn_seed, step_seed
from tfclust.trainings import Training, trainer

# Weights and sums of half precision lose the steps of a training, which are small.
PRECISIONS = ("float32", "float64", "mixed_bfloat16", "mixed_float16")
# XLA's compiler takes longer than what it spares fewer steps of a small model. A model of a million
# weights is spared twice as much in a step.
STEPS_WORTH_COMPILING = 20_000


class WeightAverage:
    """Average of weights over training steps: a running sum, added to within a step.

    Args:
        weights: Keras variables to average.
    """

    def __init__(self, weights):
        self._weights = list(weights)
        self._sums = [self._accumulator(tf.zeros(w.shape, w.dtype)) for w in self._weights]
        self._count = self._accumulator(tf.zeros(()))

    @staticmethod
    def _accumulator(start):
        return tf.Variable(
            start, trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA
        )

    def update(self):
        """Adds the weights as they are now."""
        for total, weight in zip(self._sums, self._weights, strict=True):
            total.assign_add(tf.convert_to_tensor(weight))
        self._count.assign_add(1.0)

    def assign(self):
        """Sets the weights to their averages over the updates."""
        for total, weight in zip(self._sums, self._weights, strict=True):
            weight.assign(total / tf.cast(self._count, total.dtype))


class NotBuiltError(ValueError, AttributeError):
    """A model is asked for what it has only once its weights are there.

    An AttributeError too, as scikit-learn's `NotFittedError`, so that `hasattr` says no.
    """


class ObjectiveModel(FedModel):
    """A Keras model whose objective is part of it and needs no labels.

    `compile`, `fit`, `evaluate`, `predict` and `save` mean what they mean for a Keras classifier.
    What a subclass writes is what `ClusteringModel` lists.

    Args:
        batch_size: int of at least 1, 256 by default: rows of a batch where `fit` is given none.
        seed: int from 0 to 2**32 - 1 that fixes the initial weights and the order of the batches.
            None, the default, draws one from Keras's global generator, so
            `keras.utils.set_random_seed` acts here too.
        **kwargs: `name`, a str; `dtype`, a precision policy: "float32", "float64",
            "mixed_bfloat16" or "mixed_float16"; None, the default, is Keras's global one. Weights,
            data, sums and what the model gives are float64 under "float64", and float32 under the
            others. A mixed one concerns the products of the networks' layers.

    Raises:
        ValueError: an argument is out of its range.
    """

    TERMS = ()
    PARTS = ()
    REDUCTION = "sum"
    GAINS_BY_XLA = True

    def __init__(self, batch_size=256, seed=None, **kwargs):
        batch_size = check_integer("batch_size", batch_size, 1)
        # A precision policy is the layers' affair.
        super().__init__(batch_size, drawn_seed(seed), autocast=False, **kwargs)
        check_choice("dtype", self.dtype_policy.name, PRECISIONS)
        check_bfloat16(self.compute_dtype)
        self._terms = ObjectiveTerms(self.term_names(), name="loss", dtype=self.dtype)
        self._weight_average = None
        self.jit_compile_given = "auto"
        self.trains_with_xla = False

    # What a subclass writes -------------------------------------------------------------------

    def objective(self, x, training=False):
        """What `call` gives, and a dict of the objective's terms, reduced over the batch."""
        raise NotImplementedError(f"{type(self).__name__} must define `objective`")

    def embed_batch(self, x):
        """Latent codes `(batch, p)` of a batch."""
        raise NotImplementedError(f"{type(self).__name__} must define `embed_batch`")

    def reconstruct_batch(self, x):
        """Reconstructions of a batch, in its shape."""
        raise NotImplementedError(f"{type(self).__name__} must define `reconstruct_batch`")

    def term_names(self):
        """Names of the terms, the keys of `loss_terms`; may depend on the constructor's options."""
        return self.TERMS

    def default_optimizer(self):
        """The optimizer of the model's paper, for `compile` without one."""
        return FusedAdam(1e-3)

    def training_callbacks(self, x):
        """Callbacks that each `fit` on `x`, checked data, has before those that it is given."""
        return ()

    def add_weight(self, *args, autocast=False, **kwargs):
        """As in Keras, but for its default of `autocast`: only layers compute in half precision."""
        return super().add_weight(*args, autocast=autocast, **kwargs)

    # What a user calls ------------------------------------------------------------------------

    def __getattr__(self, name):
        """Says of a part of the model that is missing why it is."""
        if name in type(self).PARTS:
            self._check_built(name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _check_built(self, name):
        if not self.built:
            raise NotBuiltError(
                f"`{type(self).__name__}` has no weights before it knows the shape of its input: "
                "train it with `fit`, load a trained one, or call `build`, such as "
                "`build((None, 4))` for 4 features. "
                f"Received: `{name}` of a model that is not built"
            )

    def loss_terms(self, x, training=False):
        """The terms of the objective on the batch `x`: a dict, name -> scalar.

        Terms carry their weights and signs; their sum is the loss, but for `losses`: what networks
        of the user's add to it by regularizers and `add_loss`. They are sums over the batch or
        means, as the paper writes them: see `REDUCTION`. Under a distribution strategy the
        replicas' terms add up to those of the global batch.
        """
        return self.objective_of(x, training=training)[1]

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The loss on the batch `x`; the other arguments are not used."""
        _, terms, penalty = self.objective_of(x, training=training)
        return _total(terms) + penalty

    def embed(self, x, batch_size=None):
        """Latent codes `(n, p)`, of the model's dtype, of the rows of `x`."""
        return self.map_batches(self.embed_batch, x, batch_size)

    def reconstruct(self, x, batch_size=None):
        """Reconstructions of the rows of `x`, in their shape."""
        return self.map_batches(self.reconstruct_batch, x, batch_size)

    def compile(
        self,
        optimizer=None,
        loss=None,
        loss_weights=None,
        metrics=None,
        weighted_metrics=None,
        run_eagerly=False,
        steps_per_execution=1,
        jit_compile="auto",
        auto_scale_loss=True,
    ):
        """Prepares for training; every argument has a default that follows the paper.

        Args:
            optimizer: None is the one of the model's paper, see `default_optimizer`.
            loss, loss_weights: must be None; the objective is part of the model.
            metrics: of true labels and memberships, such as
                `[tfclust.metrics.ClusteringAccuracy(10)]`; used where `fit` is given `y`, for the
                logs alone. Those of Keras, such as "accuracy", take cluster ids for labels.
            weighted_metrics: the same as `metrics`, as no sample has a weight.
            run_eagerly, steps_per_execution: as in Keras.
            jit_compile: True compiles all that the model does with XLA, False nothing. "auto"
                compiles the training steps of a `fit` that is long enough to pay for the compiler,
                in float32 on one device: the steps of all its epochs, times one plus the millions
                of weights, are 20,000 or more. A dataset of unknown length counts as long. Half
                precisions and mixtures of autoencoders are faster in the graph's own kernels.
            auto_scale_loss: whether the optimizer is wrapped in `tfclust.optimizers.LossScaling`
                under "mixed_float16".

        Raises:
            ValueError: a loss, or a weight of it, is given.
        """
        for name, value in (("loss", loss), ("loss_weights", loss_weights)):
            if value is not None:
                raise ValueError(
                    f"`{name}` must be None: the objective is part of {type(self).__name__}. "
                    f"Received: {name}={value}"
                )
        self.jit_compile_given = jit_compile
        optimizer = self.default_optimizer() if optimizer is None else optimizer
        super().compile(
            optimizer=self._scaling(optimizer) if auto_scale_loss else optimizer,
            metrics=metrics,
            weighted_metrics=weighted_metrics,
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            jit_compile=False if jit_compile == "auto" else jit_compile,
            auto_scale_loss=False,  # done
        )
        self.trains_with_xla = self.jit_compile
        self._forget_batch_functions()
        self._loss_tracker = None  # ObjectiveTerms reports the loss with its terms

    def pays_for_xla(self, steps):
        """Whether a training of so many steps, of this or of a part, is compiled with XLA."""
        if self.jit_compile_given != "auto":
            return self.jit_compile
        millions = sum(int(np.prod(w.shape)) for w in self.trainable_weights) / 1e6
        pays = steps * (1.0 + millions) >= STEPS_WORTH_COMPILING
        return pays and self._gains_by_xla() and not (self.compiled and self.run_eagerly)

    def _choose_xla(self, epochs, steps):
        """Chooses how a `fit` is compiled; `steps` below 0 is an epoch of unknown length."""
        # By all epochs, not those left: a run that is resumed goes on as it began.
        chosen = self.pays_for_xla(epochs * steps if steps >= 0 else STEPS_WORTH_COMPILING)
        if chosen != self.trains_with_xla:
            self.trains_with_xla = chosen
            self.train_function = None

    def make_train_function(self, force=False):
        """Makes the function of a training step, which may be compiled where others are not."""
        others, self.jit_compile = self.jit_compile, self.trains_with_xla
        super().make_train_function(force)
        self.jit_compile = others

    def _gains_by_xla(self):
        one_device = self.distribute_strategy.num_replicas_in_sync == 1
        return self.GAINS_BY_XLA and one_device and self.compute_dtype == "float32"

    def _scaling(self, optimizer):
        """The optimizer, with the loss scaling that Keras's policy asks for."""
        optimizer = keras.optimizers.get(optimizer)
        scales = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        if scales or self.compute_dtype != "float16":
            return optimizer
        # To the size that the gradient of one sample has in a sum over the batch.
        return LossScaling(optimizer, 1.0 if self.REDUCTION == "sum" else float(self.batch_size))

    def get_compile_config(self):
        """Config that `compile_from_config` takes."""
        config = super().get_compile_config()
        return {**config, "jit_compile": self.jit_compile_given} if config else config

    def compile_from_config(self, config):
        """Compiles as a saved model was compiled."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.built:
            self.optimizer.build(self.trainable_variables)

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        shuffle=True,
        class_weight=None,
        sample_weight=None,
        initial_epoch=0,
        steps_per_epoch=None,
        validation_steps=None,
        validation_batch_size=None,
        validation_freq=1,
    ):
        """Trains on `x`; labels `y` reach the compiled metrics and nothing else.

        Arrays and CSR matrices are reshuffled every epoch in an order that follows from `seed`
        and the steps taken so far, so a run that was cut off and restored goes on as it would have.

        Args:
            x: array `(n, ...)`, scipy CSR matrix or table of numbers `(n, d)`, or a
                `tf.data.Dataset` of batches `x` or `(x, y)`.
            y: None or labels `(n,)`. Numbers reach the metrics as they are; text, booleans and
                categories are numbered, in the order of their names.
            batch_size: rows of a batch; None takes the model's.
            epochs, verbose, callbacks, initial_epoch, steps_per_epoch: as in Keras.
            validation_split: share of the rows, the last ones, that are not trained on: the logs
                tell their loss under names that begin with `val_`. Of an array.
            validation_data: `x`, `(x, y)` or a `tf.data.Dataset`, in place of such a share.
            shuffle: False keeps the order of the rows.
            class_weight, sample_weight: must be None; the objectives have no place for them.
            validation_steps, validation_batch_size: as in Keras; None takes all validation data,
                and `batch_size`.
            validation_freq: as in Keras.

        Returns:
            `keras.callbacks.History`.

        Raises:
            ValueError: bad data, before any training: see `tfclust.checks.check_data`, and of a
                dataset when the bad batch comes; weights of samples or classes; or a number of
                rows, steps or epochs that is no integer in its range.
            RuntimeError: the loss is NaN or infinite; names the epoch.
        """
        refuse("sample_weight", sample_weight)
        refuse("class_weight", class_weight)
        epochs = check_integer("epochs", epochs, 0)
        initial_epoch = check_integer("initial_epoch", initial_epoch, 0)
        batch_size = check_count("batch_size", batch_size, self.batch_size)
        steps_per_epoch = check_count("steps_per_epoch", steps_per_epoch)
        validation_steps = check_count("validation_steps", validation_steps)
        validation_batch_size = check_count(
            "validation_batch_size", validation_batch_size, batch_size
        )
        if trainer() is not None:
            _refuse_elsewhere(
                steps_per_epoch=steps_per_epoch,
                validation_data=validation_data,
                validation_split=validation_split or None,
                y=y if self._compile_metrics is not None else None,
            )
            x = self._prepare_for_elsewhere(x)
            callbacks = with_callbacks(callbacks, StopOnNaN(), *self.training_callbacks(x))
            order = (batch_size, self.smallest_batch(), self.shuffle_seed)
            return trainer()(
                Training(self, x, None, *order, epochs, initial_epoch, shuffle, callbacks, verbose)
            )
        steps_taken = StepsTaken()
        with self._checked_streams() as checked:
            if validation_data is None and validation_split:
                x, y, validation_data = self._split(x, y, validation_split)
            if is_stream(x):
                x = data = self._training_stream(x, y, checked)
            else:
                data = self.prepare(x)
                x, steps_per_epoch = self._epochs(
                    data, y, batch_size, steps_per_epoch, shuffle, steps_taken
                )
            own = (steps_taken, StopOnNaN(), *self.training_callbacks(data))
            steps = batch_count(x) if steps_per_epoch is None else steps_per_epoch
            self._choose_xla(epochs, steps)
            if validation_data is not None:
                validation_data = self._validation_batches(
                    validation_data, validation_batch_size, checked
                )
            if self.built and self.compiled:
                build_optimizer(self)
            return super().fit(
                x,
                shuffle=False,  # done, or the order of a dataset
                epochs=epochs,
                verbose=verbose,
                callbacks=with_callbacks(callbacks, *own),
                validation_data=validation_data,
                initial_epoch=initial_epoch,
                steps_per_epoch=steps_per_epoch,
                validation_steps=validation_steps,
                validation_freq=validation_freq,
            )

    def evaluate(
        self,
        x=None,
        y=None,
        batch_size=None,
        verbose="auto",
        sample_weight=None,
        steps=None,
        callbacks=None,
        return_dict=False,
        **kwargs,
    ):
        """The loss, compiled metrics and terms, per sample, as `keras.Model.evaluate` gives them.

        A list begins with the loss and the metrics; `return_dict=True` names the terms.
        """
        refuse("sample_weight", sample_weight)
        check_count("steps", steps)
        options = {
            "verbose": verbose,
            "steps": steps,
            "callbacks": callbacks,
            "return_dict": return_dict,
            **kwargs,
        }
        if kwargs:  # from Keras's `fit`, whose validation batches are checked and kept
            return super().evaluate(x, **options)
        with self._checked_streams() as checked:
            return super().evaluate(self._in_order(x, y, batch_size, checked), **options)

    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
        """What `call` gives for the rows of `x`, batch by batch."""
        check_count("steps", steps)
        if not is_stream(x):
            x, batch_size = self._array(x, batch_size)
            replicas = self.distribute_strategy.num_replicas_in_sync
            if steps is None and replicas == 1:
                return self._predict_array(x, batch_size, verbose, callbacks)
        with self._checked_streams() as checked:
            batches = self._in_order(x, None, batch_size, checked)
            return super().predict(batches, None, verbose, steps, callbacks)

    def _predict_array(self, x, batch_size, verbose, callbacks):
        """What Keras's `predict` does, without its pipeline, which takes longer than a batch."""
        if not isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks = keras.callbacks.CallbackList(
                callbacks,
                add_progbar=verbose != 0,
                model=self,
                verbose=verbose,
                epochs=1,
                steps=count_batches(x.shape[0], batch_size),
            )
        self.make_predict_function()
        self.stop_predicting = False
        callbacks.on_predict_begin()
        results = []
        for step, batch in enumerate(array_batches(x, batch_size)):
            callbacks.on_predict_batch_begin(step)
            outputs = self.predict_function([(tf.convert_to_tensor(batch),)])
            results.append(outputs)
            callbacks.on_predict_batch_end(step, {"outputs": outputs})
            if self.stop_predicting:
                break
        callbacks.on_predict_end()
        return np.concatenate(results)

    def export(self, filepath, *args, **kwargs):
        """What `keras.Model.export` does; `tfclust.export` writes more for TensorFlow Serving."""
        if self.built:  # Keras wants to have seen a call, and neither training nor loading calls
            self(keras.KerasTensor((None, *self.sample_shape), dtype=self.dtype))
        super().export(filepath, *args, **kwargs)

    def get_config(self):
        """Config that `from_config` takes."""
        return {**super().get_config(), "batch_size": self.batch_size, "seed": self.seed}

    # Training ---------------------------------------------------------------------------------

    def train_step(self, data):
        """One step of the optimizer on a batch; returns the logs."""
        x, y, rows = self.unpack_batch(data)
        with tf.GradientTape() as tape:
            outputs, terms, penalty = self.objective_of(x, rows, training=True)
            loss = self.optimizer.scale_loss(_total(terms) + penalty)
        self.take_step(tape, loss, self.trainable_weights)
        return self.log_batch(x, y, outputs, terms, penalty)

    def take_step(self, tape, loss, weights):
        """The one step of `optimizer` in a training step, the last of all that changes weights.

        Args:
            tape: `tf.GradientTape` that has seen the loss.
            loss: scalar, scaled by `optimizer.scale_loss`.
            weights: list of the weights that it trains.
        """
        if weights:
            if not self.optimizer.built:  # as a file's is, whichever weights it trains
                with tf.init_scope():
                    self.optimizer.build(self.trainable_variables)
            self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        elif not self.trainable_weights:  # as Keras says
            warnings.warn("The model does not have any trainable weights.", stacklevel=2)
        if self._weight_average is not None:
            self._weight_average.update()

    def test_step(self, data):
        """The logs of a batch without training."""
        x, y, _ = self.unpack_batch(data)
        return self.log_batch(x, y, *self.objective_of(x))

    def unpack_batch(self, data):
        """`x`, labels and numbers of the rows of what a step is given; None for what is not there.

        Raises:
            ValueError: weights of samples are there, too.
        """
        x, y = unpack(data)
        return (x[0], y, x[1]) if isinstance(x, tuple) else (x, y, None)

    def objective_of(self, x, rows=None, training=False, objective=None):
        """What `objective` gives for a batch, and what Keras adds to the loss.

        Args:
            x: a batch in any dtype; builds the model.
            rows: numbers of its rows, or None; not used without `NUMBERS_ROWS`.
            training: as of `call`.
            objective: what is asked in place of `objective`, such as one of two networks that
                train against each other; None.

        Returns:
            Outputs, terms, and a scalar: this replica's share of the sum of `losses`, those of
            regularizers and `add_loss`.
        """
        self._ensure_built(x)
        numbers = {"rows": rows} if self.NUMBERS_ROWS else {}
        self._get_call_context()  # as in a call of the model: losses of all its layers are kept
        try:
            asked = self.objective if objective is None else objective
            outputs, terms = asked(self._cast(x), training=training, **numbers)
        finally:
            self._maybe_reset_call_context()
        return outputs, terms, self._penalty()

    def _penalty(self):
        """This replica's share of what Keras adds to the loss, 0 where there is nothing."""
        losses, replicas = self.losses, replica_count()
        regularized = sum(weight.regularizer is not None for weight in self.trainable_weights)
        if replicas > 1 and len(losses) > regularized:
            # The replicas' threads share the layers, which keep but the losses of one of them.
            raise ValueError(
                "Layers must add no losses of their own under a distribution strategy: take out "
                "`add_loss` and activity regularizers, those of weights may stay. "
                f"Received: {len(losses) - regularized} such losses on {replicas} replicas"
            )
        return sum((loss / replicas for loss in losses), 0.0)

    def log_batch(self, x, y, outputs, terms, penalty=0.0):
        """Adds a batch to the logs and returns them.

        Args:
            x: the batch, on its own or with a leading axis of several in parallel.
            y: labels, or None.
            outputs, terms, penalty: as `objective_of` gives them.
        """
        if self.REDUCTION == "mean":
            batch = global_batch_size(outputs)
            terms = {name: term * batch for name, term in terms.items()}
            penalty *= batch
        in_parallel = math.prod(tf.convert_to_tensor(next(iter(terms.values()))).shape)
        rows = tf.shape(x)[-1 - len(self.sample_shape)]
        self._terms.update_state(terms, rows * in_parallel, penalty)
        return self.compute_metrics(x, y, outputs)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Updates the compiled metrics where there are labels; returns the logs."""
        if y is None:
            return self.get_metrics_result()
        if self._compile_metrics is not None and not self._compile_metrics.built:
            self._build_metrics(y, y_pred)
        return super().compute_metrics(x, y, y_pred, sample_weight)

    def _build_metrics(self, y, outputs):
        """Builds the compiled metrics; raises ValueError where they cannot be taken of a batch."""
        rows = 1 + max(size or 0 for size in outputs.shape)  # no other axis is as long
        y, outputs = (
            np.ones([rows if size is None else size for size in each.shape], each.dtype.name)
            for each in (y, outputs)
        )
        with tf.init_scope():
            self._compile_metrics.build(y, outputs)
        for metric in self._compile_metrics.metrics:
            try:  # in a graph, which is not run
                update = tf.function(metric.update_state, autograph=False)
                update.get_concrete_function(y, outputs)
            except ValueError as error:
                self._compile_metrics.built = False  # so that the next batch is refused, too
                raise ValueError(
                    "`metrics` must be of ids and memberships, y `(batch,)` and y_pred "
                    "`(batch, K)`, such as those of `tfclust.metrics`. "
                    f"Received: {metric.name}, where {error}"
                ) from error

    @property
    def metrics(self):
        """The metrics, that of the objective first: lists of logs begin with the loss."""
        return sorted(super().metrics, key=lambda metric: metric is not self._terms)

    def get_metrics_result(self):
        """The logs: the loss, its terms, and the compiled metrics that have seen labels."""
        logs = {}
        for metric in self.metrics:
            if metric is self._compile_metrics and not metric.built:
                continue
            result = metric.result()
            logs.update(result if isinstance(result, dict) else {metric.name: result})
        return logs

    def step_seed(self):
        """Seed of what this step of the training draws."""
        return step_seed(self.seed, self.optimizer.iterations if self.compiled else 0)

    def start_weight_average(self):
        """Adds every further step's weights to an average; `finish_weight_average` takes it."""
        self._check_built("start_weight_average")
        with self.distribute_strategy.scope():
            self._weight_average = WeightAverage(self.trainable_weights)
        self.make_train_function(force=True)

    def finish_weight_average(self):
        """Sets the weights to their average over the steps since `start_weight_average`."""
        if self._weight_average is None:
            raise ValueError(
                "`finish_weight_average` must follow `start_weight_average`. "
                f"Received: a model of type {type(self).__name__} that keeps no average"
            )
        self._weight_average.assign()
        self._weight_average = None
        self.make_train_function(force=True)


def _total(terms):
    """The sum of all terms, of all that a term holds one for each."""
    total = tf.add_n(list(terms.values()))
    return tf.reduce_sum(total) if total.shape.rank else total


def _refuse_elsewhere(**given):
    for name, value in given.items():
        refuse(name, value, "it has no place where an accelerator trains")
