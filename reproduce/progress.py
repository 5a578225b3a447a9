"""Progress bars: of the epochs of one training, and of the parts of a piece of work."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm


@contextmanager
def epoch_bar(description: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar while the block runs; it gives a function of the epochs done and their total.

    Trainings that follow one another each begin anew. The time left goes by the epochs after the
    first that is reported: that one holds the compilation, or was done by another process.
    """
    with tqdm(desc=description, unit="epoch", mininterval=_pause(), miniters=1) as bar:

        def report(done, total):
            if 0 < bar.n < done:
                bar.update(done - bar.n)
            else:  # the first that is reported of a training
                bar.reset(total)
                bar.initial = bar.n = bar.last_print_n = done
                bar.refresh()

        yield report


class PartBar:
    """A bar over the parts of a piece of work, with the time left; none for a single part.

    Args:
        total: Number of parts.
        description: What they are parts of.
        unit: What a part is called.

    Example:
        >>> from reproduce.progress import PartBar
        >>> with PartBar(1, "one run", "run") as bar:
        ...     bar.done()
    """

    def __init__(self, total: int, description: str, unit: str):
        # Parts differ in length: the time left is told by the mean of all, not of the last ones.
        self._bar = tqdm(
            total=total,
            desc=description,
            unit=unit,
            smoothing=0,
            mininterval=_pause(),
            miniters=1,
            disable=total < 2,
        )

    def __enter__(self) -> PartBar:
        return self

    def __exit__(self, *error) -> None:
        self._bar.close()

    def done(self, parts: int = 1) -> None:
        """Count parts that took their time."""
        self._bar.update(parts)

    def found(self, parts: int = 1) -> None:
        """Count parts that were there already: they say nothing on the time of the others."""
        if not self._bar.disable:
            self._bar.initial += parts
        self._bar.update(parts)


def _pause() -> float:
    """Seconds between two looks of a bar: a log file needs no more than a line a minute."""
    return 0.5 if sys.stderr.isatty() else 60.0
