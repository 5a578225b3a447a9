"""The exact linear assignment problem in TensorFlow operations."""

import tensorflow as tf

# Entries are read with `tf.gather`, not by `tensor[i]`: XLA takes the bounds of a slice for
# constants and would compile anew for every table.


def maximum_matching_weight(table):
    """Largest sum of entries of a table with at most one taken from each row and column.

    `max_m sum_i table[i, m(i)]` over all one-to-one mappings `m`, found by the Hungarian
    algorithm (shortest augmenting paths), `O(n^3)`. Exact for integers up to 2^53. It runs in
    eager code, in a `tf.function` and inside of an XLA computation alike, and is compiled by
    XLA in each: a loop of operations this small would else be all dispatch.

    Args:
        table: finite float64 tensor `(rows, columns)` of known shape.

    Returns:
        A float64 scalar tensor.

    Example:

    >>> import tensorflow as tf
    >>> from tfclust.metrics.assignment import maximum_matching_weight
    >>> table = tf.constant([[1, 5, 0], [0, 4, 2]], tf.float64)
    >>> float(maximum_matching_weight(table))
    7.0

    Reference:
        Crouse (2016), On implementing 2D rectangular assignment algorithms.
    """
    n_rows, n_columns = table.shape
    return _solve(table if n_rows <= n_columns else tf.transpose(table))


@tf.function(jit_compile=True, autograph=False)
def _solve(table):
    # Column potentials start at 0 and only fall once a column is matched, as a table with more
    # columns than rows demands.
    cost = -table
    zero = tf.zeros([], cost.dtype)
    row_potentials = tf.reduce_min(cost, axis=1)
    column_potentials = tf.zeros_like(cost[0])
    row_of, column_of = _greedy_matching(cost)

    def has_free_row(row_of, column_of, *_):
        return tf.reduce_any(column_of < 0)

    def match_one_more_row(row_of, column_of, row_potentials, column_potentials):
        row = tf.argmin(column_of, output_type=tf.int32)
        reduced = cost - row_potentials[:, tf.newaxis] - column_potentials
        sink, parent, slack, length = _shortest_path(reduced, row, row_of)
        row_potentials += length * tf.one_hot(row, cost.shape[0], dtype=cost.dtype)
        row_potentials += tf.where(column_of < 0, zero, tf.gather(slack, tf.maximum(column_of, 0)))
        row_of, column_of = _augment(sink, parent, row_of, column_of)
        return row_of, column_of, row_potentials, column_potentials - slack

    _, column_of, _, _ = tf.while_loop(
        has_free_row,
        match_one_more_row,
        (row_of, column_of, row_potentials, column_potentials),
    )
    return tf.reduce_sum(table * tf.one_hot(column_of, cost.shape[1], dtype=table.dtype))


def _greedy_matching(cost):
    """Gives each column to the first row that likes it best; -1 marks what stays free."""
    n_rows, n_columns = cost.shape
    favourite = tf.argmin(cost, axis=1, output_type=tf.int32)
    claims = tf.one_hot(favourite, n_columns, dtype=tf.int32)
    first = tf.argmax(claims, axis=0, output_type=tf.int32)
    row_of = tf.where(tf.reduce_max(claims, axis=0) > 0, first, -1)
    won = tf.equal(tf.gather(row_of, favourite), tf.range(n_rows))
    return row_of, tf.where(won, favourite, -1)


def _shortest_path(reduced, row, row_of):
    """Dijkstra from a free row to the nearest free column, over non-negative reduced costs.

    Returns that column, the row before each column on the shortest paths, by how much the
    path to each column reached on the way is shorter than the whole, and the whole's length.
    """
    n_columns = reduced.shape[1]
    infinity = tf.constant(float("inf"), reduced.dtype)

    def not_at_free_column(row, *_):
        return row >= 0

    def reach_one_more_column(row, length, _, lengths, parent, reached):
        through = length + tf.gather(reduced, row)
        better = ~reached & (through < lengths)
        lengths = tf.where(better, through, lengths)
        parent = tf.where(better, row, parent)
        nearest = tf.argmin(tf.where(reached, infinity, lengths), output_type=tf.int32)
        reached |= tf.equal(tf.range(n_columns), nearest)
        return (
            tf.gather(row_of, nearest),
            tf.gather(lengths, nearest),
            nearest,
            lengths,
            parent,
            reached,
        )

    _, length, sink, lengths, parent, reached = tf.while_loop(
        not_at_free_column,
        reach_one_more_column,
        (
            row,
            tf.zeros([], reduced.dtype),
            tf.constant(-1),
            tf.fill([n_columns], infinity),
            tf.fill([n_columns], -1),
            tf.fill([n_columns], False),
        ),
    )
    return sink, parent, tf.where(reached, length - lengths, tf.zeros_like(lengths)), length


def _augment(sink, parent, row_of, column_of):
    """Flips the path that ends in a free column, which matches one more row."""

    def not_at_path_start(column, *_):
        return column >= 0

    def flip(column, row_of, column_of):
        row = tf.gather(parent, column)
        previous = tf.gather(column_of, row)
        row_of = tf.tensor_scatter_nd_update(row_of, [[column]], [row])
        column_of = tf.tensor_scatter_nd_update(column_of, [[row]], [column])
        return previous, row_of, column_of

    _, row_of, column_of = tf.while_loop(not_at_path_start, flip, (sink, row_of, column_of))
    return row_of, column_of
