"""Fits that take no time, and the table that they are on."""

import csv

from tfclust.cli import main

COLUMNS = ("width", "height", "petal, long")
KINDS = ("a", "b", "c")


def fit(data, out, *options, clusters=3, model="cm", epochs=4):
    """The exit status of a short fit."""
    arguments = ("--out", out, "--clusters", clusters, "--model", model, "--epochs", epochs)
    return main(["fit", *map(str, (data, *arguments, *options))])


def write_csv(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path
