"""The error of a training that has diverged."""


class LossNotFinite(RuntimeError):
    """The loss became NaN or infinite, and with it the weights.

    A class of its own, so that a search can go on after it and stop at any other error.
    """
