"""What a command says: mistakes, the words of counts and values, and progress."""

import contextlib
import sys

from tqdm import tqdm

SHOWN = 5  # of several things, that a message names


class UserError(ValueError):
    """A mistake that the person at the command line can correct; the text says how.

    Example:
        >>> from tfclust.cli.messages import UserError
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


def counted(n, noun):
    """A count and its noun, whose plural ends in "s": "1 row", "1,797 rows"."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def first_of(texts):
    """The first of several texts, and how many there are besides: "a, b, c, d, e and 3 more"."""
    more = f" and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return ", ".join(texts[:SHOWN]) + more


def listed(names):
    """The first of several names, each in quotes, and how many there are besides."""
    return first_of(list(map(repr, names)))


def number(value):
    """A number of three digits or all before the point, as people write it: 27,500 or 0.0123."""
    return f"{value:,.0f}" if 999.5 <= abs(value) < 1e15 else f"{value:.3g}"


def set_value(value):
    """A value as `--set NAME=VALUE` takes it."""
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def bar(iterable=None, **options):
    """A `tqdm` bar; in a log file, which cannot be redrawn, a line every half a minute at most.

    Args:
        iterable: what to go through, or None.
        **options: of `tqdm`.
    """
    pause = 0.1 if sys.stderr.isatty() else 30.0
    return tqdm(iterable, mininterval=pause, miniters=1, **options)
