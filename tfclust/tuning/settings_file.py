"""Settings of a model in a file, from a search to whoever trains with them."""

import json
from pathlib import Path


def write_settings(path, model, settings, epochs, found_by=None):
    """Writes settings as JSON.

    Args:
        path: of the file; its folder is made when needed.
        model: name of the class, such as "AECM".
        settings: name -> value, arguments of the constructor and `learning_rate`.
        epochs: of the training.
        found_by: None or plain JSON that says where the settings come from.

    Example:

    >>> from tfclust.tuning import read_settings, write_settings
    >>> write_settings("cm.json", "CM", {"n_clusters": 3, "alpha": 5.0}, epochs=150)
    >>> read_settings("cm.json")["settings"]
    {'n_clusters': 3, 'alpha': 5.0}
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"model": model, "settings": settings, "epochs": epochs, "found_by": found_by}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def read_settings(path):
    """The content of a settings file: a dict of `model`, `settings`, `epochs` and `found_by`.

    Raises:
        ValueError: the file does not hold settings; names what is missing.
        OSError: the file cannot be read.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        missing = {"model", "settings", "epochs"} - set(content)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"`path` must be a file that `write_settings` wrote. Received: {path}: {error}"
        ) from error
    if missing:
        raise ValueError(
            f"A settings file must hold `model`, `settings` and `epochs`. "
            f"Received: {path} without {', '.join(sorted(missing))}"
        )
    return content


def build(content, **changes):
    """The compiled model of a settings file's content.

    Args:
        content: what `read_settings` returns.
        **changes: arguments of the constructor that replace or join the settings, such as `seed`.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from tfclust.tuning import build, read_settings, tune

    x = load_iris().data

    tune("cm", x, n_clusters=3, max_trials=2, epochs=20).save_settings("settings.json")
    settings = read_settings("settings.json")
    model = build(settings, seed=0)
    model.fit(x, epochs=settings["epochs"])
    ```
    """
    import tfclust
    from tfclust.recipes import compile_with
    from tfclust.tuning.search_space import split

    of_model, of_training = split(content["settings"])
    model = getattr(tfclust, content["model"])(**{**of_model, **changes})
    compile_with(model, of_training)
    return model
