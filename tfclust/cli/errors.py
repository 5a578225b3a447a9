"""The error that a command answers with a message and no traceback."""

import contextlib


class UserError(ValueError):
    """A mistake that the person at the command line can correct; the text says how.

    Example:
        >>> from tfclust.cli.errors import UserError
        >>> str(UserError("`--clusters` must be given"))
        '`--clusters` must be given'
    """


@contextlib.contextmanager
def user_errors(prefix=""):
    """Turns what the library's own checks raise into a `UserError`, its text after `prefix`."""
    try:
        yield
    except UserError:
        raise
    except (TypeError, ValueError) as error:
        raise UserError(f"{prefix}{error}") from error
