"""The scaling of a run's data, which new data get too."""

import math
from dataclasses import asdict, dataclass

import numpy as np

from tfclust.auto.preparation import KINDS, Preparation
from tfclust.cli.messages import UserError, user_errors
from tfclust.cli.reading.values import all_finite
from tfclust.datasets.preprocessing import check_scale, rescale, root_mean_square


@dataclass(frozen=True)
class Scaling:
    """`(x - shift) / divisor` in the precision of x; for "l2", each row by its own length.

    Args:
        scale: one of `tfclust.datasets.preprocessing.SCALES`, without "raw"; or a kind of
            `tfclust.auto.Preparation`, which then scales.
        shift: what is subtracted, one number a feature; None for nothing.
        divisor: what is divided by, one number or one a feature; None for nothing.
    """

    scale: str | None = None
    shift: list[float] | None = None
    divisor: list[float] | float | None = None

    @classmethod
    def of(cls, x, scale):
        """The scaling of the name `scale` for the data `x`, `(n, ...)` or CSR.

        Raises:
            UserError: the scale would fill the zeros of a sparse matrix.
        """
        with user_errors():
            check_scale(scale, sparse=hasattr(x, "tocsr"))
        if scale == "max":
            return cls(scale, divisor=float(x.max()) or 1.0)
        if scale == "rms":
            return cls(scale, divisor=root_mean_square(x) or 1.0)
        if scale == "sqrt_dim":
            return cls(scale, divisor=1 / math.sqrt(math.prod(x.shape[1:])))
        if scale == "max_abs":
            return cls(scale, divisor=_nonzero(_largest_magnitudes(x)).tolist())
        if scale not in ("standard", "minmax"):
            return cls(scale)
        with np.errstate(over="ignore", invalid="ignore"):  # what is too large is reported
            shift, divisor = np.min(x, 0), np.ptp(x, 0)
            if scale == "standard":
                constant = divisor == 0  # whose mean, rounded, may be another number
                shift = np.where(constant, shift, np.mean(x, 0, "float64"))
                divisor = np.where(constant, 0, np.std(x, 0, "float64"))
        if not np.isfinite(divisor).all():
            raise UserError(
                f"--scale {scale} must have smaller values: leave columns out with --drop. "
                f"Received: values up to {abs(x).max():g}"
            )
        return cls(scale, shift.tolist(), _nonzero(divisor).tolist())

    @classmethod
    def chosen(cls, x):
        """The scaling that the kind of the data asks for: see `tfclust.auto.Preparation`."""
        preparation = Preparation.of(x)
        return cls(preparation.kind, preparation.shift, preparation.divisor)

    @property
    def preparation(self):
        """The `Preparation` that scales; None where the scale was asked for."""
        if self.scale not in KINDS:
            return None
        return Preparation(self.scale, self.shift, self.divisor)

    def apply(self, x):
        """Scaled samples, float32; `x` is left as it is.

        Raises:
            UserError: float32 cannot hold a scaled value.
        """
        with np.errstate(over="ignore", invalid="ignore"):  # what is too large is reported
            scaled = self._scaled(x).astype("float32", copy=False)
        if not all_finite(scaled.data if hasattr(x, "tocsr") else scaled):
            raise UserError(
                "the data must stay below 3.4e38: leave the columns that do not out with --drop, "
                f"or scale them, such as by --standardize. Received: values up to {abs(x).max():g}"
            )
        return scaled

    def _scaled(self, x):
        if self.preparation is not None:
            return self.preparation.apply(x)
        if self.scale == "l2":
            with user_errors():
                return rescale(x, self.scale)
        if self.shift is not None:
            x = x - np.asarray(self.shift, x.dtype)
        if self.divisor is None:
            return x
        divisor = np.asarray(self.divisor, x.dtype)
        if hasattr(x, "tocsr") and divisor.ndim:
            return x.multiply(1 / divisor).tocsr()
        return x / divisor

    def to_json(self):
        """What `run.json` holds of it; `Scaling(**...)` takes it."""
        return asdict(self)


def _largest_magnitudes(x):
    largest = abs(x).max(axis=0)
    return largest.toarray()[0] if hasattr(largest, "toarray") else largest


def _nonzero(divisor):
    """1 in the place of 0, by which a constant feature becomes 0."""
    return np.where(divisor == 0, 1.0, divisor)
