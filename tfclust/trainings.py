"""What one training is, and who does it: TensorFlow where nothing else is asked for."""

import contextlib
import contextvars
import dataclasses

_trainer = contextvars.ContextVar("trainer", default=None)


class NotTrainedYet(Exception):
    """A training was written down, to be done elsewhere, and has no result yet."""


@dataclasses.dataclass
class Training:
    """One `fit` on arrays.

    Attributes:
        model: built and compiled Keras model, whose `train_step` is a step.
        x: array `(n, ...)` or CSR matrix `(n, d)`.
        y: None, targets `(n, ...)`, or `x` itself for a network that learns to give it back.
        batch_size: rows of a batch.
        least: rows of the smallest batch; a last one of fewer joins the one before it.
        seed: int that fixes the order of the batches; a sequence of S ints for a model whose
            batches have a leading axis of S.
        epochs, initial_epoch, shuffle, callbacks, verbose: as `keras.Model.fit` takes them.
    """

    model: object
    x: object
    y: object
    batch_size: int
    least: int
    seed: object
    epochs: int
    initial_epoch: int = 0
    shuffle: bool = True
    callbacks: object = None
    verbose: object = "auto"


def trainer():
    """What trains instead of TensorFlow, a function `Training` -> History; None for nothing."""
    return _trainer.get()


@contextlib.contextmanager
def trained_by(trainer):
    """Within it, `trainer` does every training of tfclust, in `fit` and in pretrainings."""
    token = _trainer.set(trainer)
    try:
        yield
    finally:
        _trainer.reset(token)


@contextlib.contextmanager
def independent():
    """A group of trainings of which none needs another's result.

    It gives a function that makes a context for each of them. A training that is done elsewhere
    leaves its own context, and the error that tells so comes once the whole group is written down.

    Example:

    >>> from tfclust.trainings import independent
    >>> with independent() as one:
    ...     for name in ("a", "b"):
    ...         with one():
    ...             print("train", name)
    train a
    train b
    """
    missing = []

    @contextlib.contextmanager
    def one():
        try:
            yield
        except NotTrainedYet as error:
            missing.append(error)

    yield one
    if missing:
        raise NotTrainedYet("; ".join(map(str, missing)))
