"""How a callback refuses a model that it is not for."""


def check_model(callback, is_fit, needs):
    """Raises ValueError, at the beginning of a training, where its model is not one for `callback`.

    Args:
        callback: Keras callback whose model is set.
        is_fit: whether the model has what the callback uses.
        needs: the rule, such as "a model with a temperature, such as GumbelSoftmaxVAE".
    """
    if not is_fit:
        raise ValueError(
            f"`{type(callback).__name__}` needs {needs}. "
            f"Received: a model of type {type(callback.model).__name__}"
        )
