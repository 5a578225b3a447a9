"""Reads a folder of images."""

import struct
from collections import Counter

import numpy as np
from PIL import Image

from tfclust.cli.messages import UserError, bar, counted, first_of
from tfclust.cli.reading.samples import PIXEL_MAX, Known, Samples

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
GREY = ("1", "L", "LA")
FOLDER = "folder"  # names the labels that are the names of the folders


def find(folder):
    """Paths of the images in a folder and those below it, in the order of their names.

    What is hidden, as what macOS writes beside every file, is none of them.
    """
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and not _is_hidden(path.relative_to(folder))
    )


def read(folder, options, known):
    """The `Samples` of a folder of images; see `tfclust.cli.reading.read`.

    All images must be of one size. They are read as grey where all are grey, and else as red, green
    and blue; new ones as those of the run. Transparency and damaged images are left out.
    """
    label = options.label_column if known is None else None
    _check_label(label)
    paths = _some(folder)
    size_of, in_colour = {}, 0
    for path in paths:
        header = _if_whole(_header, path)
        if header is not None:
            size_of[path], mode = header
            in_colour += mode not in GREY
    colour = in_colour > 0 if known is None or known.colour is None else known.colour
    x, kept = _pixels(paths, _common_size(size_of, folder), colour)
    if not kept:
        _refuse_damaged(folder)
    left_out = sorted(set(range(len(paths))) - set(kept))
    names = [path.relative_to(folder).as_posix() for path in paths]
    return Samples(
        x,
        labels=None if label is None else np.array([paths[i].parent.name for i in kept]),
        pixel_max=PIXEL_MAX,
        files=[names[i] for i in kept],
        left_out=left_out,
        known=Known(colour=colour),
        notes=_notes([names[i] for i in left_out], 0 if colour else in_colour),
    )


def read_labels(folder, column, options):
    """The names of the folders of the images, the damaged ones too."""
    _check_label(column)
    return np.array([path.parent.name for path in _some(folder)])


def _check_label(label):
    if label not in (None, FOLDER):
        raise UserError(
            f"labels of images can be the names of their folders, --label-column {FOLDER}. "
            f"Received: --label-column {label}"
        )


def _some(folder):
    """What `find` gives, which must be one path at least."""
    paths = find(folder)
    if not paths:
        raise UserError(
            f"the folder must hold images ({', '.join(SUFFIXES)}). Received: {folder} without any"
        )
    return paths


def _is_hidden(path):
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


def _header(path):
    """Size and mode of an image."""
    with Image.open(path) as image:
        if image.mode.startswith(("I", "F")):
            raise UserError(
                f"images must have 8 bits a channel. Received: {path} of mode {image.mode}"
            )
        return image.size, image.mode


def _pixels(paths, size, colour):
    """The pixels of the images that are whole, in [0, 1], and their places among the paths."""
    x = np.empty((len(paths), size[1], size[0], *((3,) if colour else ())), "float32")
    kept = []
    # Silent for what takes no time.
    for i, path in enumerate(bar(paths, desc="reading", delay=2, leave=False, unit="image")):
        pixels = _if_whole(_pixels_of, path, colour)
        if pixels is not None:
            x[len(kept)] = pixels
            kept.append(i)
    return x[: len(kept)], kept


def _pixels_of(path, colour):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB" if colour else "L"), "float32") / PIXEL_MAX


def _if_whole(read, *arguments):
    """What `read(*arguments)` gives; None where Pillow finds the image damaged."""
    try:
        return read(*arguments)
    except UserError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        if getattr(error, "errno", None) is not None:  # of the disk or of rights, not of the image
            raise
        return None


def _refuse_damaged(folder):
    raise UserError(
        f"the folder must hold images that can be read. Received: {folder}, where all are damaged"
    )


def _notes(damaged, n_greyed):
    """Sentences on images that were left out, or lost their colours."""
    notes = []
    if damaged:
        are = "is" if len(damaged) == 1 else "are"
        named = f"{counted(len(damaged), 'damaged image')} {are} left out"
        notes.append(f"{named}: {first_of(damaged)}")
    if n_greyed:
        have = "has colours and is" if n_greyed == 1 else "have colours and are"
        notes.append(f"{n_greyed:,} of the images {have} read as grey, as in the run")
    return notes


def _common_size(size_of, folder):
    """Width and height of the images, which must be the same for all.

    Args:
        size_of: path -> size, of those whose header is whole.
        folder: of the images.
    """
    if not size_of:
        _refuse_damaged(folder)
    ((common, _),) = Counter(size_of.values()).most_common(1)
    others = [path for path, size in size_of.items() if size != common]
    if others:
        shown = [
            f"{path.relative_to(folder)} of {size_of[path][0]} x {size_of[path][1]}"
            for path in others
        ]
        raise UserError(
            f"images must be of one size, as most here are of {common[0]} x {common[1]}. "
            f"Received: {first_of(shown)}"
        )
    return common
