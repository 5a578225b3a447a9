"""`tfclust models`: what there is to choose from."""

import textwrap

from tfclust.cli.messages import set_value
from tfclust.recipes import RECIPES

EXAMPLE_CLUSTERS = 10


def run(arguments):
    """Prints every model and how it is trained; returns the exit status."""
    print("\n\n".join(_describe(name, recipe) for name, recipe in RECIPES.items()))
    return 0


def _describe(name, recipe):
    lines = [
        recipe.idea,
        "images: keep their shape" if recipe.keeps_images else "images: as rows of pixels",
        f"epochs: {recipe.epochs}" + _pretraining(recipe),
        f"settings for {EXAMPLE_CLUSTERS} clusters, which --set changes: "
        f"{_listed(_settings(recipe))}",
    ]
    indent = {"initial_indent": "  ", "subsequent_indent": "    "}
    return "\n".join([name, *(textwrap.fill(line, 88, **indent) for line in lines)])


def _settings(recipe):
    settings = {**recipe.arguments, **recipe.constructor(EXAMPLE_CLUSTERS)}
    return {name: value for name, value in settings.items() if name in recipe.arguments}


def _pretraining(recipe):
    return f", after a pretraining ({_listed(recipe.pretraining)})" if recipe.pretraining else ""


def _listed(settings):
    return ", ".join(f"{name}={set_value(value)}" for name, value in settings.items())
