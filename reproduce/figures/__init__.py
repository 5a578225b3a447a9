"""The papers' figures, drawn from runs of this package."""

from __future__ import annotations

import importlib
import io
import os
from dataclasses import replace
from pathlib import Path

from reproduce.data import look_for
from reproduce.errors import UserError
from reproduce.figures.task import FigureTask
from reproduce.ledger import Ledger
from reproduce.progress import PartBar
from tfclust.startup import start_tensorflow

SCALES = ("small", "paper")

_DOTS_PER_INCH = 110
_COLOURS = 128


def draw(
    paper: str,
    number: int,
    *,
    ledger: Ledger,
    out_dir: str | os.PathLike,
    work_dir: str | os.PathLike,
    data_dir: str | os.PathLike | None = None,
    scale: str = "small",
) -> Path:
    """Draw a figure, train whatever it still lacks for it, and return the path of the picture.

    A file of the same name that ends in `.md` tells what was run. What was trained is kept, in the
    ledger and in `work_dir`, so a figure that was cut off goes on and a finished one is drawn again
    at once. Its data are looked for before anything is trained.

    Args:
        paper: Name of the paper, such as `"aecm"`.
        number: Number of one of its figures.
        ledger: The finished runs; those that the figure adds are appended.
        out_dir: Folder of the picture; created if it does not exist.
        work_dir: Folder of checkpoints, trained models and what was gathered.
        data_dir: Folder of the data, or None for the environment's.
        scale: `"small"` takes minutes and says on the picture how it falls short of the paper;
            `"paper"` takes the paper's settings. Figures that are cheap have the paper's settings
            at both.

    Raises:
        UserError: A dataset has neither a file nor a download, a run of the figure failed, or a
            model that it trains for itself diverged.

    Example:
        >>> from reproduce.figures import draw
        >>> from reproduce.ledger import Ledger
        >>> places = {"out_dir": "figures", "work_dir": ".reproduce"}
        >>> draw("aecm", 1, ledger=Ledger("ledger.jsonl"), **places)  # doctest: +SKIP
        PosixPath('figures/aecm_figure01_centroid_dispersion.png')
    """
    name = importlib.import_module(f"reproduce.figures.{paper}").FIGURES[number]
    module = importlib.import_module(f"reproduce.figures.{paper}.{name}")
    title = f"{paper}_figure{number:02d}"
    settings = module.SETTINGS[scale]
    task = FigureTask(title, ledger, Path(work_dir), data_dir)
    needs = module.needs(task, settings)
    look_for(needs.datasets, data_dir)
    Path(out_dir).mkdir(parents=True, exist_ok=True)
    start_tensorflow()  # not before: what is lacking is told at once
    from tfclust.callbacks import LossNotFinite

    with PartBar(needs.parts, title, "part") as bar:
        try:
            results = module.gather(replace(task, bar=bar), settings)
        except LossNotFinite as error:
            raise UserError(f"a training that the figure needs has diverged: {error}") from error
    path = Path(out_dir) / f"{title}_{name}.png"
    keep(module.plot(results, settings), path, module.caption(results, settings))
    return path


def keep(figure, path: Path, words: str) -> None:
    """Write a PNG of few colours, a third of the size, and its caption: both are committed."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=_DOTS_PER_INCH)
    picture = Image.open(buffer).convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    picture.save(path, optimize=True)
    path.with_suffix(".md").write_text(words + "\n", encoding="utf-8")


def caption(picture: str | os.PathLike) -> str:
    """Return the words that `draw` left beside a picture, `""` where there are none."""
    path = Path(picture).with_suffix(".md")
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""
