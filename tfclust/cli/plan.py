"""Everything that decides how a run ends: the recipe that the options give, for the data at hand.

TensorFlow starts where `build` makes the model, and not before: what can be checked without it is.
"""

import ast

from tfclust import tuning
from tfclust.auto.effort import EFFORTS, autoencoder_settings
from tfclust.checks import did_you_mean, in_unit_range, value_range
from tfclust.cli.messages import UserError, number, set_value, user_errors
from tfclust.recipes import RECIPES, read_settings

OWN_OPTIONS = {"n_clusters": "--clusters", "batch_size": "--batch-size", "seed": "--seed"}
WORDS = {"true": True, "false": False, "none": None}
KINDS = {bool: "true or false", int: "a number", float: "a number", tuple: "numbers"}


def read_recipe(arguments):
    """The `Recipe` that the options of a fit give.

    Args:
        arguments: of the command line.

    Raises:
        UserError: an option is none of the model's, or does not go with the others.
    """
    found = None if arguments.settings is None else _found_recipe(arguments)
    recipe = found or RECIPES[arguments.model or "aecm"]
    given = _given_settings(arguments.set, recipe)
    if arguments.batch_size is not None:
        given["batch_size"] = arguments.batch_size
    return recipe.changed(
        given,
        n_clusters=arguments.clusters if isinstance(arguments.clusters, int) else None,
        epochs=arguments.epochs,
        scaling=_scaling(arguments, found),
        pretraining=_pretraining(arguments, recipe),
    )


def count_clusters(arguments, x):
    """What rows, scaled, say of the number of clusters; None where `--clusters` is that number.

    Raises:
        UserError: there are fewer rows than clusters that are to be looked at.
    """
    if isinstance(arguments.clusters, int):
        return None
    with user_errors("--clusters: "):
        return tuning.count_clusters(x, arguments.clusters, arguments.seed, verbose=True)


def make_plan(recipe, seed, sample_shape, n_rows):
    """The plan of a fit: a dict of JSON values, the same for the same command and data.

    Args:
        recipe: what `read_recipe` returns.
        seed: of the model.
        sample_shape: of a sample as the model gets it.
        n_rows: of the data.
    """
    plan = recipe.config(n_rows=n_rows)
    plan["settings"]["seed"] = seed
    return {**plan, "sample_shape": list(sample_shape), "rows": n_rows}


def chooses(arguments):
    """Whether nothing is asked of the training: what to do is then chosen for the data.

    Raises:
        UserError: something is, and `--effort` too, which says how much is tried to choose.
    """
    named = ("model", "settings", "epochs", "batch_size", "pretrain", "pretrain_epochs", "set")
    asked = [name for name in named if getattr(arguments, name) not in (None, [])]
    if asked and arguments.effort is not None:
        raise UserError(
            "--effort must come without a model and without options of its training. "
            f"Received: --effort {arguments.effort} with --{asked[0].replace('_', '-')}"
        )
    return not asked


def choosing(plan, kind, effort):
    """The plan of a fit that `tfclust.auto` chooses for rows that are scaled.

    Args:
        plan: what `make_plan` returns of AE-CM, which is what is taught in the end.
        kind: of the data, see `tfclust.auto.Preparation`.
        effort: name in `tfclust.auto.effort.EFFORTS`.
    """
    settings = autoencoder_settings(plan["rows"], kind)
    kept = {name: plan["settings"][name] for name in ("n_clusters", "seed")}
    return {
        **plan,
        "settings": {**kept, **settings, "hidden_units": list(settings["hidden_units"])},
        "pretraining": None,
        "epochs": EFFORTS[effort].epochs_of(plan["rows"], settings["batch_size"]),
        "callbacks": {},
        "kind": kind,
        "effort": effort,
    }


def build(name, settings, sample_shape):
    """The model of a plan with its initial weights, not compiled.

    Raises:
        UserError: the settings are not the model's, or it takes no samples of that shape.
    """
    from tfclust import models

    with user_errors(f"{name}: "):
        model = getattr(models, RECIPES[name].model)(**settings)
        model.build((None, *sample_shape))
    return model


def check_rows(n_rows, n_clusters):
    """Raises `UserError` where there are fewer rows than clusters."""
    if n_rows < n_clusters:
        raise UserError(
            f"--clusters must be at most the number of rows, {n_rows}. "
            f"Received: --clusters {n_clusters}"
        )


def check_range(x, plan):
    """Raises `UserError` where a model takes values in [0, 1] alone and `x`, scaled, has others."""
    if takes_unit_range(plan) and not in_unit_range(*value_range(x)):
        low, high = value_range(x)
        raise UserError(
            f"--model {plan['model']} must have data within 0 and 1, such as by --scale minmax, or "
            f"--scale max_abs where it is sparse. Received: values from {number(low)} to "
            f"{number(high)}"
        )


def cut_to_range(x, plan):
    """`x`, scaled, and how many of its values were beyond [0, 1] for a model that takes no others.

    Rows that a model was not trained on may exceed the ranges that scaled those it was trained on.
    """
    if not takes_unit_range(plan) or in_unit_range(*value_range(x)):
        return x, 0
    values = x.data if hasattr(x, "tocsr") else x
    beyond = int(((values < 0) | (values > 1)).sum())
    return x.minimum(1).maximum(0) if hasattr(x, "tocsr") else x.clip(0, 1), beyond


def takes_unit_range(plan):
    """Whether the model of a plan takes values in [0, 1] alone, as a sigmoid gives them back."""
    loss = plan["settings"].get("reconstruction_loss")
    return RECIPES[plan["model"]].unit_range or loss == "cross_entropy"


def as_samples(samples, model_name):
    """The array that a model gets: rows, or images with channels where it keeps their shape."""
    x = samples.x
    if not samples.image_shape:
        return x
    if not RECIPES[model_name].keeps_images:
        return x.reshape(len(x), -1)
    return x if x.ndim == 4 else x[..., None]


def _given_settings(texts, recipe):
    """What `--set` gave, name -> value."""
    known = {**recipe.arguments, "dtype": "float32"}
    given = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise UserError(f"--set must be given name=value. Received: {text!r}")
        if name in OWN_OPTIONS:
            raise UserError(f"{OWN_OPTIONS[name]} must set `{name}`. Received: --set {text}")
        if name not in known:
            raise UserError(
                f"--set must name one of {', '.join(sorted(known))}. "
                f"Received: {name!r}.{did_you_mean(name, known)}"
            )
        given[name] = _value(name, value, known[name])
    return given


def _found_recipe(arguments):
    """The recipe that `--settings` holds."""
    try:
        recipe = read_settings(arguments.settings)
    except (OSError, ValueError) as error:
        raise UserError(
            f"--settings must be a file that tfclust tune wrote. Received: {error}"
        ) from error
    if arguments.model not in (None, recipe.name):
        raise UserError(
            f"--settings must be of the model that is trained, {arguments.model}. "
            f"Received: {arguments.settings}, of {recipe.name}"
        )
    if recipe.n_clusters != arguments.clusters:
        raise UserError(
            f"--settings must be of as many clusters as --clusters, {arguments.clusters}. "
            f"Received: {arguments.settings}, of {recipe.n_clusters}"
        )
    return recipe


def _scaling(arguments, found):
    """The name of the scaling: that of `--settings`, where it is given, else of `--scale`."""
    if found is None or arguments.scale in (None, found.scaling):
        return arguments.scale if found is None else found.scaling
    raise UserError(
        f"--scale must be that of --settings, {found.scaling or 'none'}. "
        f"Received: --scale {arguments.scale}"
    )


def _value(name, text, default):
    """A Python literal, such as 10, 0.5 or 64,64, or the text itself, where `default` is like it.

    A single number stands for a sequence of one where the default is a sequence.
    """
    try:
        value = WORDS[text.lower()] if text.lower() in WORDS else ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = text
    kind = type(default)
    if kind in KINDS and (isinstance(value, str) or (kind is bool) != isinstance(value, bool)):
        example = (64,) if default == () else default
        raise UserError(
            f"`{name}` must be {KINDS[kind]}, such as {set_value(example)}. "
            f"Received: --set {name}={text}"
        )
    return (value,) if kind is tuple and isinstance(value, int) else value


def _pretraining(arguments, recipe):
    registered = RECIPES[recipe.name].pretraining
    wanted = recipe.pretraining is not None if arguments.pretrain is None else arguments.pretrain
    if wanted and registered is None:
        names = ", ".join(each.name for each in RECIPES.values() if each.pretraining is not None)
        raise UserError(
            f"--pretrain must come with a model that pretrains: {names}. Received: {recipe.name}"
        )
    if arguments.pretrain_epochs and not (wanted and "epochs" in registered):
        given = " --no-pretrain" if arguments.pretrain is False else ""
        raise UserError(
            "--pretrain-epochs must come with a pretraining of epochs. "
            f"Received: --model {recipe.name}{given}"
        )
    if not wanted:
        return None
    epochs = {"epochs": arguments.pretrain_epochs} if arguments.pretrain_epochs else {}
    return {**(registered if recipe.pretraining is None else recipe.pretraining), **epochs}
