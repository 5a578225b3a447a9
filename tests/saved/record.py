"""Records a tiny model and its numbers, for every later version to load.

    python tests/saved/record.py <name of a model of tests/tiny_models.py>

Writes `<name>.keras`, a model trained a little, and `<name>.npz`: what it said before it was saved,
and what it says after training further, which depends on the state of its optimizer. Recorded once,
when a model joins; a file that is there is never written again.
"""

import sys
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
EPOCHS = 10
sys.path.insert(0, str(FOLDER.parent))

from tiny_models import tiny_model  # noqa: E402


def numbers(model, rows):
    """What a model says of `rows`, by the name of what is asked."""
    said = {
        "memberships": model.predict(rows, verbose=0),
        "embedding": model.embed(rows),
        "reconstruction": model.reconstruct(rows),
        "iterations": model.optimizer.iterations,
        **{f"term_{name}": term for name, term in model.loss_terms(rows).items()},
    }
    return {name: np.asarray(value) for name, value in said.items()}


def record(name):
    """Trains the tiny model `name` and writes its two files."""
    path = FOLDER / f"{name}.keras"
    if path.exists():
        raise FileExistsError(f"A saved file is never written again. Received: {path}")
    rows = np.random.default_rng(0).random((24, 6), dtype="float32")
    model = tiny_model(name)
    model.fit(rows, epochs=EPOCHS, verbose=0)
    for variable in model.non_trainable_variables:
        if variable.shape == () and variable.dtype == "float32":  # set by a rule, such as a weight
            variable.assign(1.5 * variable)
    model.save(path)
    before = numbers(model, rows)
    model.fit(rows, epochs=EPOCHS, verbose=0)
    after = {f"after_{key}": value for key, value in numbers(model, rows).items()}
    np.savez(path.with_suffix(".npz"), rows=rows, **before, **after)


if __name__ == "__main__":
    record(sys.argv[1])
