"""Training on any device that JAX drives, here or on another machine.

Needs the extra "accelerator": `pip install "tfclust[accelerator]"`, and JAX for the device at hand,
such as `pip install "jax[cuda13]"`. See docs/accelerators.md.
"""

try:
    import jax.export  # noqa: F401
except ImportError as error:
    raise ImportError(
        'tfclust.accelerator needs JAX: pip install "tfclust[accelerator]"'
    ) from error

from tfclust.accelerator.bundles import bundled, write_runner
from tfclust.accelerator.fitting import fit_on, training_on
from tfclust.trainings import NotTrainedYet

__all__ = ["NotTrainedYet", "bundled", "fit_on", "training_on", "write_runner"]
