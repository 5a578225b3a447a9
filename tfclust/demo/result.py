"""What the demo shows of a contender."""

from dataclasses import dataclass

from tfclust.demo.contender import Contender
from tfclust.demo.run import Run


@dataclass(frozen=True, eq=False)
class Result:
    """All runs of a contender.

    Args:
        contender: What was trained.
        runs: One run a seed.
        seconds: Time of all the runs.
    """

    contender: Contender
    runs: list[Run]
    seconds: float

    @property
    def best(self) -> Run:
        """The run of lowest criterion, such as L_sp (Section 5.3.4 of the AE-CM paper).

        Runs with an empty cluster come last: with all points in one, L_sp is the lowest there is.
        """
        return min(self.runs, key=lambda run: ((run.sizes == 0).any(), run.criterion))
