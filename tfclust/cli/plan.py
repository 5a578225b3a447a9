"""Everything that decides how a run ends."""

import ast

from tfclust import models
from tfclust.checks import check_data, in_unit_range, value_range
from tfclust.cli.errors import UserError, user_errors
from tfclust.recipes import RECIPES, batch_size
from tfclust.tuning.settings_file import read_settings
from tfclust.tuning.training import split

OWN_OPTIONS = {"n_clusters": "--clusters", "batch_size": "--batch-size", "seed": "--seed"}
WORDS = {"true": True, "false": False, "none": None}


def make_plan(arguments, sample_shape, n_rows):
    """The plan of a fit: a dict of JSON values, the same for the same command and data.

    Args:
        arguments: of the command line.
        sample_shape: of a sample as the model gets it.
        n_rows: of the data.

    Raises:
        UserError: a setting is unknown or out of its range, or the model takes no such samples.
    """
    recipe = RECIPES[arguments.model]
    given = _given_settings(arguments.set, recipe, arguments.clusters)
    found, of_training = _found_settings(arguments, recipe)
    size = found.pop("batch_size", batch_size(n_rows, arguments.clusters))
    size = arguments.batch_size or size
    settings = {
        **recipe.settings(arguments.clusters),
        **found,
        **given,
        "n_clusters": arguments.clusters,
        "batch_size": size,
        "seed": arguments.seed,
    }
    config = _config(build(arguments.model, settings, sample_shape))
    precision = {"dtype": given["dtype"]} if "dtype" in given else {}
    return {
        "model": arguments.model,
        "settings": _plain({**config, **precision}),
        "sample_shape": list(sample_shape),
        "of_training": of_training,
        "epochs": recipe.total_epochs(arguments.epochs),
        "callbacks": _plain(recipe.callbacks),
        "pretraining": _pretraining(arguments, recipe),
    }


def build(name, settings, sample_shape):
    """The model of a plan with its initial weights, not compiled.

    Raises:
        UserError: the settings are not the model's, or it takes no samples of that shape.
    """
    with user_errors(f"{name}: "):
        model = getattr(models, RECIPES[name].model)(**settings)
        model.build((None, *sample_shape))
    return model


def check_rows(x, n_clusters):
    """Raises `UserError` where a model of `n_clusters` cannot be trained on `x`."""
    with user_errors():
        check_data(x, min_rows=n_clusters)


def check_range(x, model_name):
    """Raises `UserError` where a model takes values in [0, 1] alone and `x`, scaled, has others."""
    if _is_beyond_range(x, model_name):
        low, high = value_range(x)
        raise UserError(
            f"--model {model_name} must have data within 0 and 1, such as by --scale minmax, or "
            f"--scale max_abs where it is sparse. Received: values from {low:g} to {high:g}"
        )


def cut_to_range(x, model_name):
    """`x`, scaled, and how many of its values were beyond [0, 1] for a model that takes no others.

    Rows that a model was not trained on may exceed the ranges that scaled those it was trained on.
    """
    if not _is_beyond_range(x, model_name):
        return x, 0
    values = x.data if hasattr(x, "tocsr") else x
    beyond = int(((values < 0) | (values > 1)).sum())
    return x.minimum(1).maximum(0) if hasattr(x, "tocsr") else x.clip(0, 1), beyond


def _is_beyond_range(x, model_name):
    return RECIPES[model_name].unit_range and not in_unit_range(*value_range(x))


def as_samples(samples, model_name):
    """The array that a model gets: rows, or images with channels where it keeps their shape."""
    x = samples.x
    if not samples.image_shape:
        return x
    if not RECIPES[model_name].keeps_images:
        return x.reshape(len(x), -1)
    return x if x.ndim == 4 else x[..., None]


def _given_settings(texts, recipe, n_clusters):
    """What `--set` gave, name -> value."""
    defaults = _config(getattr(models, recipe.model)(n_clusters, seed=0))
    known = {*defaults, "dtype"}
    given = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise UserError(f"--set must be given name=value. Received: {text!r}")
        if name in OWN_OPTIONS:
            raise UserError(f"{OWN_OPTIONS[name]} must set `{name}`. Received: --set {text}")
        if name not in known:
            settable = ", ".join(sorted(known - set(OWN_OPTIONS)))
            raise UserError(f"--set must name one of {settable}. Received: {name!r}")
        given[name] = _value(value, is_sequence=isinstance(defaults.get(name), (list, tuple)))
    return given


def _found_settings(arguments, recipe):
    """What `--settings` holds: arguments of the constructor, and those of the training."""
    if arguments.settings is None:
        return {}, {}
    with user_errors():
        content = read_settings(arguments.settings)
    if content["model"] != recipe.model:
        raise UserError(
            f"--settings must be of the model that is trained, {recipe.model}. "
            f"Received: {arguments.settings}, of {content['model']}"
        )
    of_model, of_training = split(content["settings"])
    clusters = of_model.pop("n_clusters", arguments.clusters)
    if clusters != arguments.clusters:
        raise UserError(
            f"--settings must be of as many clusters as --clusters, {arguments.clusters}. "
            f"Received: {arguments.settings}, of {clusters}"
        )
    return of_model, of_training


def model_of(path):
    """The recipe's name for the model of a settings file; "aecm" without one.

    Raises:
        UserError: the file cannot be read, or holds no settings of a model with a recipe.
    """
    if path is None:
        return "aecm"
    with user_errors():
        content = read_settings(path)
    for name, recipe in RECIPES.items():
        if recipe.model == content["model"]:
            return name
    raise UserError(f"--settings must be of a known model. Received: {content['model']}")


def _config(model):
    config = model.get_config()
    return {name: config[name] for name in config if name not in ("name", "trainable", "dtype")}


def _value(text, is_sequence=False):
    """A Python literal, such as 10, 0.5 or 64,64; or the text itself.

    A single number stands for a sequence of one where `is_sequence`.
    """
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return (value,) if is_sequence and isinstance(value, int) else value


def _pretraining(arguments, recipe):
    wanted = recipe.pretraining is not None if arguments.pretrain is None else arguments.pretrain
    if not wanted:
        if arguments.pretrain_epochs:
            raise UserError("--pretrain-epochs must come with a pretraining. Received: none")
        return None
    if recipe.pretraining is None:
        raise UserError(
            f"--pretrain must come with a model that pretrains. Received: {arguments.model}"
        )
    epochs = {"epochs": arguments.pretrain_epochs} if arguments.pretrain_epochs else {}
    return {**recipe.pretraining, **epochs}


def _plain(value):
    """The value as JSON gives it back."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value
