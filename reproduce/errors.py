"""The error that a command answers with a message and no traceback."""


class UserError(ValueError):
    """A mistake that the person at the command line can correct; the text says how.

    Example:
        >>> from reproduce.errors import UserError
        >>> str(UserError("table 99 is not declared"))
        'table 99 is not declared'
    """
