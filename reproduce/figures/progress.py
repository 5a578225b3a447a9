"""Progress bars of trainings that a figure starts itself."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm


@contextmanager
def epoch_bar(description: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar while the block runs; it gives a function of the epochs done and their total."""
    pause = 0.5 if sys.stderr.isatty() else 60.0
    with tqdm(desc=description, unit="epoch", mininterval=pause) as bar:

        def report(done, total):
            bar.total = total
            bar.update(done - bar.n)

        yield report
