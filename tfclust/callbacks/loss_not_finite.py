"""The error of a training that has diverged."""


class LossNotFinite(RuntimeError):
    """The loss became NaN or infinite, and with it the weights.

    A class of its own, so that a search can go on after it and stop at any other error.

    Args:
        message: What is said.
        epoch: int, the epoch at which the training stopped, from 1; None where it is not known.
            The attribute `epoch` holds it.
    """

    def __init__(self, message, epoch=None):
        super().__init__(message)
        self.epoch = epoch
