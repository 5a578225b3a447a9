import itertools
import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from scipy.sparse import csr_matrix

from tfclust.feeding import count_batches, keras_epochs, ordered_batches, shuffled_epochs

BATCH_SIZES = [8, 8, 8, 8, 5]  # of the 37 rows


def epoch(x, seed=0, steps=0, y=None, shuffle=True, count=5):
    """The first `count` batches after `steps` training steps, as NumPy arrays."""
    batches = shuffled_epochs(x, y, 8, seed, lambda: steps, shuffle)
    return [tuple(part.numpy() for part in batch) for batch in batches.take(count)]


def rows_of(batches):
    return np.concatenate([batch[0] for batch in batches], axis=-2)


def test_every_row_comes_once_an_epoch_and_the_last_batch_is_short(rows):
    batches = epoch(rows)
    assert [len(x) for (x,) in batches] == BATCH_SIZES
    np.testing.assert_array_equal(np.unique(rows_of(batches), axis=0), np.unique(rows, axis=0))
    assert not np.array_equal(rows_of(batches), rows)


def test_order_is_a_function_of_seed_and_step_alone(rows):
    first = rows_of(epoch(rows, seed=3, steps=10))
    np.testing.assert_array_equal(rows_of(epoch(rows, seed=3, steps=10)), first)
    assert not np.array_equal(rows_of(epoch(rows, seed=4, steps=10)), first)
    assert not np.array_equal(rows_of(epoch(rows, seed=3, steps=15)), first)


@pytest.mark.parametrize("shuffle", [True, False])
def test_a_rest_below_the_least_joins_the_batch_before_it(rows, shuffle):
    batches = list(shuffled_epochs(rows[:17], None, 8, 0, lambda: 0, shuffle, least=2).take(4))
    assert [len(x) for (x,) in batches] == [8, 9, 8, 9]
    together, alone = (
        rows_of(batches[:2]),
        rows_of(list(epoch(rows[:17], shuffle=shuffle, count=3))),
    )
    np.testing.assert_array_equal(together, alone)
    assert [len(x) for (x,) in shuffled_epochs(rows, None, 8, 0, lambda: 0, least=2).take(5)] == (
        BATCH_SIZES
    )


@pytest.mark.parametrize(("n", "batch_size"), [(37, 1), (1, 8)])
def test_batches_below_the_least_are_refused(rows, n, batch_size):
    with pytest.raises(ValueError, match=r"at least 2 rows.*Received: batch_size=.*x of .* rows"):
        shuffled_epochs(rows[:n], None, batch_size, 0, lambda: 0, least=2)


def test_global_seed_does_not_change_the_order(rows):
    tf.random.set_seed(1)
    first = rows_of(epoch(rows))
    tf.random.set_seed(2)
    np.testing.assert_array_equal(rows_of(epoch(rows)), first)


def test_epochs_that_follow_are_those_of_a_later_start(rows):
    both = epoch(rows, count=2 * len(BATCH_SIZES))
    np.testing.assert_array_equal(rows_of(both[5:]), rows_of(epoch(rows, steps=5)))
    assert not np.array_equal(rows_of(both[5:]), rows_of(both[:5]))


def test_steps_are_asked_for_when_iteration_begins(rows):
    steps = [0]
    batches = shuffled_epochs(rows, None, 8, 0, lambda: steps[0])
    steps[0] = 20
    expected = epoch(rows, steps=20, count=1)[0][0]
    np.testing.assert_array_equal(next(iter(batches))[0], expected)


def test_without_shuffling_rows_keep_their_order(rows):
    np.testing.assert_array_equal(rows_of(epoch(rows, shuffle=False)), rows)


def test_labels_stay_with_their_rows(rows):
    batches = epoch(rows, y=np.arange(37))
    indices = np.concatenate([y for _, y in batches])
    np.testing.assert_array_equal(rows_of(batches), rows[indices])


def test_sparse_rows_come_as_dense_ones(rows, sparse_rows):
    for sparse, dense in zip(epoch(sparse_rows), epoch(rows), strict=True):
        np.testing.assert_array_equal(sparse[0], dense[0])
    for sparse, dense in zip(ordered_batches(sparse_rows), ordered_batches(rows), strict=True):
        np.testing.assert_array_equal(sparse[0], dense[0])


def test_sparse_rows_without_entries_and_with_entries_twice_are_read():
    data, indices, starts = np.float32([1, 2, 4]), [1, 0, 0], [0, 1, 1, 3]
    x = csr_matrix((data, indices, starts), shape=(3, 2))
    [(batch,)] = ordered_batches(x)
    np.testing.assert_array_equal(batch, [[0, 1], [0, 0], [6, 0]])


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_each_of_several_seeds_has_the_order_that_it_has_alone(rows, sparse_rows, kind):
    x = rows if kind == "dense" else sparse_rows
    together = epoch(x, seed=(0, 7, 3), steps=5, y=np.arange(37))
    for lane, seed in enumerate((0, 7, 3)):
        alone = epoch(x, seed=seed, steps=5, y=np.arange(37))
        for (xs, ys), (x_alone, y_alone) in zip(together, alone, strict=True):
            np.testing.assert_array_equal(xs[lane], x_alone)
            np.testing.assert_array_equal(ys[lane], y_alone)


def test_images_keep_their_shape():
    images = np.arange(10 * 2 * 3 * 1, dtype="float32").reshape(10, 2, 3, 1)
    batches = epoch(images, count=2)
    assert [x.shape for (x,) in batches] == [(8, 2, 3, 1), (2, 2, 3, 1)]


def test_ordered_batches_are_the_rows_once_with_their_labels(rows):
    batches = ordered_batches(rows, np.arange(37), batch_size=8)
    assert int(batches.cardinality()) == len(BATCH_SIZES)
    x, y = (np.concatenate(parts) for parts in zip(*batches.as_numpy_iterator(), strict=True))
    np.testing.assert_array_equal(x, rows)
    np.testing.assert_array_equal(y, np.arange(37))


@pytest.mark.parametrize(("n", "batch_size", "count"), [(37, 8, 5), (40, 8, 5), (1, 8, 1)])
def test_count_batches_counts_the_short_one(n, batch_size, count):
    assert count_batches(n, batch_size) == count


@pytest.mark.parametrize(("n", "count"), [(33, 4), (34, 5), (32, 4), (2, 1), (9, 1)])
def test_count_batches_does_not_count_a_rest_that_joins(n, count):
    assert count_batches(n, 8, least=2) == count


def test_epochs_that_executions_divide_are_endless():
    batches = tf.data.Dataset.range(5).repeat()
    assert keras_epochs(batches, 6, steps_per_execution=3) == (batches, 6)


@pytest.mark.parametrize(("executions", "restart"), [(4, False), (3, True)])
def test_other_epochs_end_after_their_steps_and_begin_anew(executions, restart):
    starts = itertools.count()
    batches = tf.data.Dataset.from_generator(
        lambda: itertools.repeat(next(starts)), output_signature=tf.TensorSpec((), tf.int64)
    )
    epochs, steps = keras_epochs(batches, 6, executions, restart)
    assert steps is None
    assert int(epochs.cardinality()) == 6
    assert [list(epochs.as_numpy_iterator()) for _ in range(2)] == [[0] * 6, [1] * 6]


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_pipelines_that_are_used_up_leave_no_memory():
    x = np.zeros((20_000, 100), "float32")  # 7.6 MiB

    def memory():
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def use_up():
        for batches in (
            ordered_batches(x, batch_size=4096),
            shuffled_epochs(x, None, 4096, 0, lambda: 0).take(5),
        ):
            for _ in batches:
                pass

    use_up()
    before = memory()
    for _ in range(20):
        use_up()
    assert memory() - before < 4 * x.nbytes
