import json

import pytest

from reproduce.experiments import PAPERS
from reproduce.ledger import Ledger


@pytest.fixture
def paper():
    return PAPERS["aecm"]


@pytest.fixture
def experiment(paper):
    """Return a function that finds one declared experiment."""

    def find(dataset="usps", method="cm", init="random", epochs=150, table="table11"):
        wanted = (table, dataset, method, init, epochs, "reference")
        [found] = [
            row
            for row in paper.experiments
            if (row.table, row.dataset, row.method, row.init, row.epochs, row.profile) == wanted
        ]
        return found

    return find


@pytest.fixture
def record(experiment):
    """Return a function that makes a valid ledger record."""

    def make(row=None, seed=0, **changes):
        row = row or experiment()
        config = row.config()
        settings = config.pop("settings")
        return {
            **config,
            "seed": seed,
            "seconds": 30.0,
            "status": "ok",
            "metrics": {"acc": 0.67, "nmi": 0.628, "ari": 0.543},
            "loss_terms": {"reconstruction": 12.5},
            "l_sp": 3.0,
            "cluster_sizes": [5000, 4298],
            "config": {**config, "settings": settings},
            "dataset_sha256": "0" * 64,
            "versions": {"tensorflow": "2.21.0"},
            "commit": "0" * 40,
            "cpu": "A processor",
            "cores": 2,
            **changes,
        }

    return make


@pytest.fixture
def diverged(record):
    """Return a function that makes a valid record of a run that diverged."""

    def make(row=None, seed=0):
        end = {"epoch": 3, "message": "The loss must stay finite"}
        nothing = {"metrics": {}, "loss_terms": {}, "l_sp": None, "cluster_sizes": []}
        return record(row, seed, status="diverged", divergence=end, **nothing)

    return make


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.jsonl")


@pytest.fixture
def damage(ledger, record):
    """Return a function that writes two good lines, and then the bytes given."""

    def write(third):
        good = b"".join(json.dumps(record(seed=seed)).encode() + b"\n" for seed in (0, 1))
        ledger.path.write_bytes(good + third)

    return write
