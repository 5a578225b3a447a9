"""From rows without labels to clusters: the views, the candidates, the choice and the model."""

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tfclust.auto.candidates import WAYS, partition_by_kmeans
from tfclust.auto.choice import Candidate, choose
from tfclust.auto.codes import build_autoencoder, fast_dtype, train_autoencoder
from tfclust.auto.effort import EFFORT, EFFORTS
from tfclust.auto.parametric import epochs_of_teaching, teach
from tfclust.auto.preparation import KINDS
from tfclust.callbacks import ProgressBar
from tfclust.checks import check_choice, check_integer
from tfclust.inputs import dense
from tfclust.metrics.neighbour_scores import neighbour_pairs, pair_assortativity
from tfclust.models import AECM
from tfclust.pretraining.starts import umap_class

ROWS_FOR_CODES = 1000  # of fewer, no autoencoder learns more than they say themselves
MOST_DIMENSIONS = 50  # of the rows, as mixtures see them: their leading singular directions
MANNER = "manner.json"  # what call a folder is of
EPOCHS_OF_A_PARTITION = 10  # that take about as long, for the time that is left


@dataclass(frozen=True, eq=False)
class Clustering:
    """What `cluster_rows` finds.

    Args:
        model: `tfclust.AECM`, float32, which takes rows that are scaled.
        candidates: list of `Candidate`, what every way has found.
        chosen: the `Candidate` among them that the model was taught.
        record: dict of plain JSON: what was tried, what was chosen, why and how sure.
    """

    model: AECM
    candidates: list
    chosen: Candidate
    record: dict


def cluster_rows(rows, kind, n_clusters, effort=EFFORT, seed=0, directory=None, verbose="auto"):
    """Clusters rows that are scaled, and chooses without labels how.

    Autoencoders of several seeds give codes, where there are rows enough to train them. `WAYS` cut
    rows and codes into clusters, once a seed; `choose` keeps one of them; and `teach` trains the
    model that gives new rows their clusters.

    Args:
        rows: float32 array or CSR matrix `(n, d)`, as `Preparation` makes them.
        kind: "images", "rows", "text" or "counts", see `Preparation`.
        n_clusters: int of at least 2, K.
        effort: "fast", "good" or "best", see `EFFORTS`.
        seed: int from 0 to 2**32 - 1.
        directory: folder that keeps what is done: the same call, after a kill, goes on from there.
            None keeps nothing.
        verbose: 0 shows nothing; else a bar with the time that is left.

    Returns:
        A `Clustering`.

    Raises:
        ImportError: umap-learn is not installed, and a map of neighbours is called for.
        ValueError: an argument is out of its range, or the folder is of another call.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from tfclust.auto import Preparation, cluster_rows, summary

    x = load_iris().data
    preparation = Preparation.of(x)
    found = cluster_rows(preparation.apply(x), preparation.kind, n_clusters=3, effort="fast")
    print(summary(found.record))
    ```
    """
    began = time.monotonic()
    n_clusters = check_integer("n_clusters", n_clusters, 2)
    kind = check_choice("kind", kind, KINDS)
    trial = EFFORTS[check_choice("effort", effort, EFFORTS)]
    work = _Work(rows, kind, n_clusters, trial, seed, verbose)
    work.keep(directory, {"kind": kind, "n_clusters": n_clusters, "effort": effort, "seed": seed})
    with work:
        models = work.autoencoders()
        candidates = work.candidates(models)
        chosen, reason = choose(candidates)
        model, fidelity = work.taught(models, chosen)
    record = {
        "rows": rows.shape[0],
        "columns": rows.shape[1],
        "n_clusters": n_clusters,
        "effort": effort,
        "seed": seed,
        "kind": kind,
        "autoencoders": len(models),
        "tried": [_tried(candidate) for candidate in candidates],
        "chosen": chosen.way,
        "reason": reason,
        "agreement": chosen.agreement,
        "assortativity": chosen.assortativity,
        "fidelity": fidelity,
        "seconds": time.monotonic() - began,
    }
    return Clustering(model, candidates, chosen, record)


def kept_seed(directory):
    """The seed of the call of `cluster_rows` that a folder keeps; None where it keeps none."""
    told = None if directory is None else Path(directory) / MANNER
    return json.loads(told.read_text())["seed"] if told and told.exists() else None


def _tried(candidate):
    sizes = np.bincount(candidate.labels(), minlength=candidate.n_clusters)
    return {
        "way": candidate.way,
        "words": WAYS[candidate.way].words,
        "agreement": candidate.agreement,
        "assortativity": candidate.assortativity,
        "degenerate": candidate.is_degenerate,
        "sizes": sizes.tolist(),
        "seconds": candidate.seconds,
    }


class _Work:
    """The steps of `cluster_rows`, each kept in a folder, with one bar over all."""

    def __init__(self, rows, kind, n_clusters, trial, seed, verbose):
        self.rows = rows
        self.kind = kind
        self.n_clusters = n_clusters
        self.trial = trial
        self.seeds = np.random.RandomState(seed).randint(2**31, size=trial.seeds).tolist()
        self.directory = None
        self.has_codes = rows.shape[0] >= ROWS_FOR_CODES
        self.ways = [way for way in WAYS.values() if self._is_tried(way)]
        if any(way.name == "codes_manifold" for way in self.ways):
            umap_class()  # or an error before all trainings
        self._verbose = verbose

    def _is_tried(self, way):
        if way.name == "codes_manifold" and self.rows.shape[0] > self.trial.mapped_rows:
            return False
        if self.kind == "text" and way.partition is not partition_by_kmeans:
            return False  # text has too many directions for mixtures and distances of neighbours
        return self.has_codes or not way.of_codes

    def keep(self, directory, manner):
        """Takes a folder, or raises ValueError where it is of another call."""
        if directory is None:
            return
        self.directory = Path(directory)
        total = float(self.rows.sum(dtype="float64"))
        manner = {**manner, "shape": list(self.rows.shape), "sum": total}
        told = self.directory / MANNER
        if told.exists() and json.loads(told.read_text()) != manner:
            raise ValueError(
                "`directory` must be of the same call on the same data: take another, or remove "
                f"it. Received: directory={str(directory)!r}, of {told.read_text()}"
            )
        self.directory.mkdir(parents=True, exist_ok=True)
        told.write_text(json.dumps(manner))

    def __enter__(self):
        model = self._model(0)
        epochs = self._epochs(model) * (len(self.seeds) if self.has_codes else 1)
        partitions = len(self.seeds) * len(self.ways) * EPOCHS_OF_A_PARTITION
        teaching = 2 * epochs_of_teaching(model, self.rows.shape[0])
        total = epochs + partitions + teaching
        self._bar = tqdm(total=total, disable=not self._verbose, desc="clustering")
        self._reached = 0
        return self

    def __exit__(self, *_):
        self._bar.close()

    def _begins(self, what):
        self._bar.set_description(what)

    def _done(self, units):
        """Moves the bar to where a step of so many units ends, even one that ended early."""
        self._reached += units
        self._bar.update(self._reached - self._bar.n)

    def _model(self, i, dtype="float32"):
        return build_autoencoder(self.n_clusters, self.rows.shape, self.kind, self.seeds[i], dtype)

    def _epochs(self, model):
        return self.trial.epochs_of(self.rows.shape[0], model.batch_size)

    def autoencoders(self):
        """The trained autoencoder of each seed; of the first alone where no codes are seen."""
        models = []
        for i in range(len(self.seeds) if self.has_codes else 1):
            self._begins(f"autoencoder {i + 1}")
            model = self._model(i, fast_dtype() if self.has_codes else "float32")
            place = None if self.directory is None else self.directory / f"autoencoder-{i}"
            train_autoencoder(model, self.rows, self.trial, place, [ProgressBar(self._bar)])
            models.append(model)
            self._done(self._epochs(model))
        return models

    def candidates(self, models):
        """A `Candidate` of every way."""
        of_rows = self._compared(self._components())
        coders = models if self.has_codes else []
        codes = [self._compared(model.embed(self.rows)) for model in coders]
        pairs = neighbour_pairs(of_rows) if self.has_codes and self.kind != "text" else None
        candidates = []
        for way in self.ways:
            self._begins(way.words)
            began, partitions = time.monotonic(), []
            for i, seed in enumerate(self.seeds):
                seen = codes[i] if way.of_codes else of_rows
                partitions.append(self._partition(way, i, seen, seed))
                self._done(EPOCHS_OF_A_PARTITION)
            seconds = time.monotonic() - began
            found = Candidate(way.name, tuple(partitions), self.n_clusters, seconds)
            if pairs is not None:
                score = pair_assortativity(found.labels(), *pairs)
                found = replace(found, assortativity=score)
            candidates.append(found)
        return candidates

    def _partition(self, way, i, seen, seed):
        path = None if self.directory is None else self.directory / f"{way.name}-{i}.npy"
        if path is not None and path.exists():
            return np.load(path)
        labels = way.partition(seen, self.n_clusters, seed)
        if path is not None:
            part = path.with_name(f"part.{path.name}")
            np.save(part, labels)
            part.replace(path)
        return labels

    def _components(self):
        """The rows, or their part in the leading singular directions, where columns are many."""
        from sklearn.decomposition import TruncatedSVD

        if self.rows.shape[1] <= MOST_DIMENSIONS:
            return dense(self.rows)
        svd = TruncatedSVD(MOST_DIMENSIONS, random_state=self.seeds[0])
        return svd.fit_transform(self.rows).astype("float32")

    def _compared(self, vectors):
        """Components or codes as ways see them: of text, where directions count, of length 1."""
        if self.kind != "text":
            return vectors
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)

    def taught(self, models, chosen):
        """The model of the chosen partition, float32, and its fidelity: see `teach`."""
        self._begins("model")
        model = self._model(0)
        model.set_weights(models[0].get_weights())
        lengths = epochs_of_teaching(model, self.rows.shape[0])
        fidelity = teach(model, self.rows, chosen.votes(), [ProgressBar(self._bar)])
        self._done(2 * lengths)
        return model, fidelity
