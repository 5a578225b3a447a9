"""Progress bars on standard error."""

import sys

from tqdm import tqdm


def bar(iterable=None, **options):
    """A `tqdm` bar; in a log file, which cannot be redrawn, a line every half a minute at most.

    Args:
        iterable: what to go through, or None.
        **options: of `tqdm`.
    """
    pause = 0.1 if sys.stderr.isatty() else 30.0
    return tqdm(iterable, mininterval=pause, miniters=1, **options)
