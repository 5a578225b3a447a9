"""Reads a folder of images."""

import numpy as np
from PIL import Image

from tfclust.cli.bars import bar
from tfclust.cli.errors import UserError
from tfclust.cli.reading.samples import Samples

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
GREY = ("1", "L", "LA")
PIXEL_MAX = 255
FOLDER = "folder"  # names the labels that are the names of the folders


def find(folder):
    """Paths of the images in a folder and those below it, in the order of their names."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def read(folder, columns, label_column):
    """The `Samples` of a folder of images; see `tfclust.cli.reading.read`.

    All images must be of one size. They are read as grey where all are grey, and else as red, green
    and blue; transparency is left out.
    """
    if columns:
        raise UserError(f"images have no columns to choose. Received: {', '.join(columns)}")
    if label_column not in (None, FOLDER):
        raise UserError(
            f"labels of images can be the names of their folders, --label-column {FOLDER}. "
            f"Received: --label-column {label_column}"
        )
    paths = find(folder)
    if not paths:
        raise UserError(
            f"the folder must hold images ({', '.join(SUFFIXES)}). Received: {folder} without any"
        )
    return Samples(
        _pixels(paths, folder),
        labels=None if label_column is None else np.array([path.parent.name for path in paths]),
        pixel_max=PIXEL_MAX,
        files=[path.relative_to(folder).as_posix() for path in paths],
    )


def _pixels(paths, folder):
    sizes, modes = zip(*map(_look, paths), strict=True)
    _check_sizes(dict(zip(paths, sizes, strict=True)), folder)
    width, height = sizes[0]
    grey = set(modes) <= set(GREY)
    x = np.empty((len(paths), height, width, *(() if grey else (3,))), "float32")
    # Silent for what takes no time.
    for i, path in enumerate(bar(paths, desc="reading", delay=2, leave=False, unit="image")):
        with Image.open(path) as image:
            x[i] = np.asarray(image.convert("L" if grey else "RGB"), "float32") / PIXEL_MAX
    return x


def _look(path):
    with Image.open(path) as image:
        if image.mode.startswith(("I", "F")):
            raise UserError(
                f"images must have 8 bits a channel. Received: {path} of mode {image.mode}"
            )
        return image.size, image.mode


def _check_sizes(size_of, folder):
    common = max(set(size_of.values()), key=list(size_of.values()).count)
    others = [path for path, size in size_of.items() if size != common]
    if not others:
        return
    shown = ", ".join(
        f"{path.relative_to(folder)} of {size_of[path][0]} x {size_of[path][1]}"
        for path in others[:3]
    )
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    raise UserError(
        f"images must be of one size, as most here are of {common[0]} x {common[1]}. "
        f"Received: {shown}{more}"
    )
