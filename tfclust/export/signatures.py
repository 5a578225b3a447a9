"""What a served model answers: names, inputs and outputs, as TensorFlow functions."""

import tensorflow as tf


def signatures(model, preprocess):
    """Functions and specs of the signatures of `model`.

    All take batches of any size. They refuse other shapes and values that are not finite, which a
    server passes on to its client as an error of the request.

    Args:
        model: a built `ClusteringModel`.
        preprocess: `Preprocessing` of the input `x`.

    Returns:
        Dict, name of a signature -> function and list of its `tf.TensorSpec`. The functions return
        dicts, name of an output -> tensor. Traced, that of `serving_default` raises ValueError
        where a row has more than one membership a cluster.
    """
    spec = preprocess.spec(model.sample_shape)

    def samples(x):
        # The server does not compare shapes with the signature; this op does.
        return preprocess.apply(tf.ensure_shape(x, spec.shape), model.sample_shape)

    def cluster(x):
        memberships, codes = model.cluster_batch(samples(x))
        _check_memberships(memberships)
        return {
            "cluster": tf.argmax(memberships, axis=-1, output_type=tf.int64),
            "membership": memberships,
            "embedding": codes,
        }

    def embed(x):
        return {"embedding": model.embed_batch(samples(x))}

    def reconstruct(x):
        return {"reconstruction": model.reconstruct_batch(samples(x))}

    functions = {"serving_default": cluster, "embed": embed, "reconstruct": reconstruct}
    found = {name: (_float32(function), [spec]) for name, function in functions.items()}
    if hasattr(model, "generate_batch"):
        found["generate"] = _generator(model)
    return found


def _generator(model):
    specs = [
        tf.TensorSpec((None, *example.shape[1:]), example.dtype, name=name)
        for name, example in model.generator_inputs().items()
    ]

    def generate(*inputs):
        checked = {
            spec.name: tf.ensure_shape(tensor, spec.shape)
            for spec, tensor in zip(specs, inputs, strict=True)
        }
        return {"generated": model.generate_batch(**checked)}

    return _float32(generate), specs


def _check_memberships(memberships):
    if memberships.shape.rank != 2:
        raise ValueError(
            "`model` must give memberships (n, n_clusters); of an ensemble, export a member. "
            f"Received: a model that gives memberships of shape {memberships.shape}"
        )


def _float32(function):
    """`function` with outputs that clients know, whatever precision the model computes in."""

    def in_float32(*inputs):
        return {
            name: output if output.dtype.is_integer else tf.cast(output, tf.float32)
            for name, output in function(*inputs).items()
        }

    return in_float32
