"""Quantities of the global batch under `tf.distribute`."""

import tensorflow as tf


def replica_count():
    """Number of replicas that take this step together, 1 outside of a strategy."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def global_batch_mean(values):
    """Mean of the rows of `values` over the batches of all replicas.

    A nonlinear function of a batch mean is not the mean of that function over parts of the batch,
    so a term such as the Dirichlet prior needs the mean of the whole. Gradients flow to every
    replica.

    Args:
        values: `(..., batch, K)`, this replica's part.

    Returns:
        `(..., K)`, the same on every replica.
    """
    total = tf.reduce_sum(values, axis=-2)
    count = tf.cast(tf.shape(values)[-2], values.dtype)
    if replica_count() > 1:
        context = tf.distribute.get_replica_context()
        total, count = context.all_reduce(tf.distribute.ReduceOp.SUM, [total, count])
    return total / count


def global_batch_rows(values):
    """The rows of `values`, `(batch, ...)`, of all replicas, joined; the same on every replica."""
    if replica_count() == 1:
        return values
    return tf.distribute.get_replica_context().all_gather(values, axis=0)


def rows_before(count):
    """Rows of the global batch before this replica's, and in all, as int32.

    Args:
        count: int32 scalar, this replica's rows.
    """
    context = tf.distribute.get_replica_context()
    replicas, own = replica_count(), context.replica_id_in_sync_group
    counts = context.all_reduce(
        tf.distribute.ReduceOp.SUM, tf.one_hot(own, replicas, on_value=count, off_value=0)
    )
    return tf.reduce_sum(counts[:own]), tf.reduce_sum(counts)


def global_batch_size(values):
    """Number of rows of `values`, `(batch, ...)`, on all replicas together, in their dtype."""
    count = tf.cast(tf.shape(values)[0], values.dtype)
    if replica_count() > 1:
        context = tf.distribute.get_replica_context()
        count = context.all_reduce(tf.distribute.ReduceOp.SUM, count)
    return count
