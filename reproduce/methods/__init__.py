"""How each method of the tables is run."""

from reproduce.experiment import Experiment
from reproduce.methods.aecm import is_small, run_ae_gmm, run_ae_kmeans, run_aecm
from reproduce.methods.baselines import run_gmm, run_kmeans
from reproduce.methods.clustered_code import run_clustered_code, run_code_kmeans
from reproduce.methods.clustergan import run_clustergan
from reproduce.methods.cm import run_cm
from reproduce.methods.damic import run_dae_kmeans, run_damic
from reproduce.methods.gmvae import run_gmvae
from reproduce.methods.gumbel import run_dlgmm, run_gumbel, run_vae
from reproduce.methods.mixae import run_mixae
from reproduce.methods.practical import run_practical
from reproduce.methods.task import Outcome, Task
from reproduce.methods.vade import run_vade

_METHODS = {
    "ae_gmm": run_ae_gmm,
    "ae_kmeans": run_ae_kmeans,
    "aecm": run_aecm,
    "aecm_kmeans": run_aecm,
    "clustergan": run_clustergan,
    "damic": run_damic,
    "dcn": run_clustered_code,
    "dcn_kmeans": run_clustered_code,
    "dec": run_clustered_code,
    "dec_da": run_clustered_code,
    "dkm": run_clustered_code,
    "dkm_kmeans": run_clustered_code,
    "dlgmm": run_dlgmm,
    "gmm": run_gmm,
    "gmvae": run_gmvae,
    "gumbel": run_gumbel,
    "idec": run_clustered_code,
    "idec_kmeans": run_clustered_code,
    "igmm": run_gmm,
    "joint_training": run_damic,
    "kmeans": run_kmeans,
    "mixae": run_mixae,
    "vade": run_vade,
    "vae": run_vae,
    "vib_gmm": run_vade,
    "pretraining": run_dae_kmeans,
}
# Methods that a paper runs in its own way: DAMIC's autoencoder is not AE-CM's.
_OF_PAPER = {("damic", "ae_kmeans"): run_dae_kmeans}

__all__ = ["Outcome", "Task", "run"]


def run(task: Task) -> list[Outcome]:
    """Run a method for the seeds of a task; one outcome a seed."""
    paper, method = task.experiment.paper, task.experiment.method
    if paper == "practical":  # every method in its user's way
        return run_practical(task)
    if _is_cm(method):
        return run_cm(task)
    if method == "ae_kmeans" and "activation" in task.settings:  # of the baselines' autoencoder
        return run_code_kmeans(task)
    return (_OF_PAPER.get((paper, method)) or _METHODS[method])(task)


def stacks_seeds(experiment: Experiment) -> bool:
    """Whether all seeds of an experiment are trained in one program."""
    if experiment.paper == "practical":
        return False
    return _is_cm(experiment.method) or is_small(experiment)


def _is_cm(method: str) -> bool:
    return method == "cm" or method.startswith("cm_")
