"""Training in this process on a device that JAX drives."""

import contextlib
import dataclasses
import functools

import jax

from tfclust.accelerator import runner
from tfclust.accelerator.plan import Plan
from tfclust.accelerator.schedule import actions, called_back
from tfclust.trainings import trained_by


def fit_on(model, x, epochs=1, device=None, callbacks=(), **kwargs):
    """Trains a model on a device that JAX finds: what `model.fit` means, at that device's speed.

    TensorFlow lowers the training step, and JAX runs whole epochs of it as one program. The order
    of the batches, the draws of every step, the terms in the logs and the callbacks are those of
    `fit`, and weights and the optimizer's state are back in the model at the end.

    Args:
        model: compiled clustering model of tfclust.
        x: array `(n, ...)`, scipy CSR matrix or table of numbers `(n, d)`.
        epochs: passes over `x`.
        device: name of a device of JAX, "cpu", "gpu", "tpu", or "gpu:1" for the second one, or a
            `jax.Device`; None is JAX's first, an accelerator where there is one.
        callbacks: as in `fit`. See "Callbacks" in docs/accelerators.md.
        **kwargs: `batch_size`, `shuffle`, `initial_epoch` and `verbose` of `fit`.

    Returns:
        `keras.callbacks.History`.

    Raises:
        ImportError: the extra "accelerator" is not installed.
        ValueError: bad data; a device that JAX does not find; an argument of `fit` that has no
            place here, such as validation data; a callback that acts between steps.
        RuntimeError: the loss is NaN or infinite; names the epoch.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from tfclust import CM
    from tfclust.accelerator import fit_on
    from tfclust.callbacks import AveragingEpoch

    x = load_iris().data
    model = CM(n_clusters=3, alpha=20.0, batch_size=30, seed=0)
    model.compile()
    fit_on(model, x, epochs=20 + 1, callbacks=[AveragingEpoch()])
    labels = model.assign(x)
    ```

    Known limits: the data must fit the device's memory. Seconds pass before the first epoch, in
    which the step is lowered and compiled. Floating-point sums are taken in another order than
    TensorFlow's, so weights drift apart as roundings do.
    """
    with training_on(device):
        return model.fit(x, epochs=epochs, callbacks=callbacks, **kwargs)


@contextlib.contextmanager
def training_on(device=None):
    """Within it, every training of tfclust runs on a device that JAX finds.

    `fit` of a model, its `pretrain` and the estimators of `tfclust.sklearn` alike. What is no
    training, such as k-means within a start, or `predict`, stays where it was.

    Args:
        device: see `fit_on`.

    Raises:
        ImportError, ValueError: see `fit_on`.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from sklearn.preprocessing import minmax_scale
    from tfclust import AECM
    from tfclust.accelerator import training_on

    x = minmax_scale(load_iris().data)
    model = AECM(n_clusters=3, hidden_units=(16,), embedding_dim=2, batch_size=30, seed=0)
    model.compile()
    with training_on("cpu"):
        model.pretrain(x, epochs=5, clustering_epochs=5)
        model.fit(x, epochs=5)
    ```
    """
    if not isinstance(device, jax.Device):
        device = runner.find_device(device)
    with trained_by(functools.partial(_train, device)):
        yield


def _train(device, training):
    """What `keras.Model.fit` does around its epochs, with the epochs of the runner."""
    model = training.model
    with called_back(training, training.callbacks) as callbacks:
        # After the callbacks: one may have restored a training that was cut off.
        first = model._initial_epoch or training.initial_epoch
        if first < training.epochs:
            plan = Plan(dataclasses.replace(training, initial_epoch=first))
            _train_epochs(plan, device, callbacks.callbacks)
            model.optimizer.finalize_variable_values(model.trainable_weights)
    return model.history


def _train_epochs(plan, device, callbacks):
    settings = plan.settings()
    acts = actions(callbacks, plan)
    steps = {rows: runner.step_of(program) for rows, program in plan.programs().items()}
    after_epoch = None
    if plan.training.verbose:
        epochs = settings["epochs"] - settings["initial_epoch"]
        after_epoch = runner.Progress(epochs).count
    with jax.enable_x64(True):
        tables = [runner.put_table(table, device) for table in plan.tables]
        run = runner.Run(settings, steps, tables, plan.state(), device, acts)
        try:
            for _ in runner.train([run], after_epoch=after_epoch):
                pass
        finally:
            plan.set_state(run.host_state())
