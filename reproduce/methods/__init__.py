"""How each method of the tables is run."""

from reproduce.methods.autoencoders import run_ae_kmeans, run_aecm
from reproduce.methods.baselines import run_gmm, run_kmeans
from reproduce.methods.clustering_module import run_cm
from reproduce.methods.generative import run_gumbel, run_vae
from reproduce.methods.mixture import run_mixae
from reproduce.methods.outcome import Outcome
from reproduce.methods.task import Task

_METHODS = {
    "ae_kmeans": run_ae_kmeans,
    "aecm": run_aecm,
    "aecm_kmeans": run_aecm,
    "gmm": run_gmm,
    "gumbel": run_gumbel,
    "igmm": run_gmm,
    "kmeans": run_kmeans,
    "mixae": run_mixae,
    "vae": run_vae,
}

__all__ = ["Outcome", "Task", "run"]


def run(task: Task) -> list[Outcome]:
    """Run a method for the seeds of a task; one outcome a seed."""
    method = task.experiment.method
    ablation = method == "cm" or method.startswith("cm_")
    return (run_cm if ablation else _METHODS[method])(task)


def stacks_seeds(method: str) -> bool:
    """Whether a method trains all seeds in one program."""
    return method == "cm" or method.startswith("cm_")
