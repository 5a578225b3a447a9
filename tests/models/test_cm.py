import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf
from battery import ClusteringModelBattery, assert_same_weights
from centroid_battery import CentroidModelBattery

from tfclust.metrics import ClusteringAccuracy, clustering_accuracy
from tfclust.models import CM
from tfclust.pretraining import kmeans


class TestCM(CentroidModelBattery, ClusteringModelBattery):
    model_class = CM
    default_jit = True

    def test_term_weights_scale_the_terms(self, rows):
        whole, ablated = self.build(), self.build(term_weights={"cross": 0.0, "sparsity": 2.0})
        for model in (whole, ablated):
            model.build((None, 6))
        expected = whole.loss_terms(rows)
        factors = {"cross": 0.0, "sparsity": 2.0}
        for name, term in ablated.loss_terms(rows).items():
            np.testing.assert_allclose(term, factors.get(name, 1.0) * expected[name], rtol=1e-6)

    @pytest.mark.parametrize("weights", [{"entropy": 1.0}, {"cross": -1.0}, {"cross": None}])
    def test_bad_term_weights_are_refused(self, weights):
        with pytest.raises(ValueError, match=r"`term_weights.*Received: "):
            self.build(term_weights=weights)

    def test_codes_are_the_rows_and_reconstructions_mix_the_centroids(self, trained, rows):
        np.testing.assert_array_equal(trained.embed(rows), rows)
        mixed = trained.predict(rows, verbose=0) @ trained.centroids()
        np.testing.assert_allclose(trained.reconstruct(rows), mixed, rtol=1e-5, atol=1e-6)

    def test_finds_clusters_that_lie_apart(self):
        rng = np.random.default_rng(0)
        y = np.arange(150) % 3
        x = 4.0 * np.eye(3)[y] + rng.normal(0.0, 0.2, (150, 3))
        model = self.make(batch_size=30)
        model.build((None, 3))
        centroids, _ = kmeans(x, 3, seed=0, n_init=1, max_iter=1)
        model.set_centroids(centroids)
        model.fit(x, epochs=20, verbose=0)
        assert clustering_accuracy(y, model.assign(x)) == 1.0

    def test_its_start_finds_clusters_of_very_different_sizes(self):
        rng = np.random.default_rng(0)
        y = np.repeat([0, 1], [1000, 10])
        x = rng.normal(size=(1010, 2)) + np.where(y[:, np.newaxis], [8.0, 0.0], 0.0)
        x /= x.std(axis=0)  # k-means cuts the large cluster in two
        model = self.build(n_clusters=2)
        model.pretrain(x, n_init=5)
        assert clustering_accuracy(y, model.assign(x)) == 1.0
        assert clustering_accuracy(y, kmeans(x, 2, seed=0, n_init=1)[1]) < 0.8

    @pytest.mark.parametrize("jit_compile", [True, False])
    def test_metrics_show_in_the_logs_and_change_no_weight(self, rows, labels, jit_compile):
        rows, labels = rows[:32], labels[:32]  # whole batches alone: XLA compiles each size
        plain = self.make(jit_compile=jit_compile)
        plain.fit(rows, epochs=2, verbose=0)
        model = self.build()
        model.compile(metrics=[ClusteringAccuracy(3, name="acc")], jit_compile=jit_compile)
        history = model.fit(rows, labels, epochs=2, validation_data=(rows, labels), verbose=0)
        expected = clustering_accuracy(labels, model.assign(rows))
        np.testing.assert_allclose(history.history["val_acc"][-1], expected, rtol=1e-6)
        assert 0.0 < history.history["acc"][-1] <= 1.0
        assert_same_weights(model, plain)

    def test_metrics_without_labels_stay_out_of_the_logs(self, rows):
        model = self.build()
        model.compile(metrics=[ClusteringAccuracy(3)], jit_compile=False)
        assert set(model.fit(rows, verbose=0).history) == {"loss", *model.TERMS}

    @pytest.mark.parametrize("metric", ["mse", "AUC", keras.metrics.F1Score(), "binary_accuracy"])
    def test_metrics_of_other_labels_than_ids_are_refused_by_name(self, rows, labels, metric):
        model, name = self.build(), getattr(metric, "name", metric)
        model.compile(metrics=[metric], jit_compile=False)
        for method in (model.fit, model.evaluate):
            with pytest.raises(ValueError, match=f"`metrics` must be of ids.*Received: {name}"):
                method(rows, labels, verbose=0)

    def test_keras_takes_ids_for_labels_as_of_a_classifier(self, rows, labels):
        model = self.build()
        names = ["accuracy", "sparse_categorical_accuracy"]
        model.compile(metrics=names, jit_compile=False)
        model.fit(rows, labels, verbose=0)
        logs = model.evaluate(rows, labels, verbose=0, return_dict=True)
        expected = np.mean(model.assign(rows) == labels)
        np.testing.assert_allclose([logs[name] for name in names], expected, rtol=1e-6)

    def test_a_first_step_is_traced_once(self, rows, monkeypatch):
        """Weights of the optimizer that the first step made would have it traced twice."""
        model, traced = self.make(), []
        objective = model.objective

        def counted(x, training=False):
            traced.append(training)
            return objective(x, training=training)

        monkeypatch.setattr(model, "objective", counted)
        model.fit(rows, epochs=2, verbose=0)
        assert traced == [True]

    def test_low_precision_leaves_the_module_and_its_input_in_float32(self, trained, rows):
        low = self.build(dtype="mixed_bfloat16")
        low.build((None, 6))
        low.set_weights(trained.get_weights())
        expected = trained.predict(rows, verbose=0)
        np.testing.assert_allclose(low.predict(rows, verbose=0), expected, rtol=1e-6)

    def test_without_a_seed_the_global_one_counts(self):
        seeds = []
        for global_seed in (1, 1, 2):
            keras.utils.set_random_seed(global_seed)
            seeds.append(CM(3).seed)
        assert seeds[0] == seeds[1] != seeds[2]

    @pytest.mark.parametrize("steps_per_epoch", [3, 7])
    def test_epochs_of_any_length_go_on_where_a_first_fit_ended(self, rows, steps_per_epoch):
        once, twice = self.make(), self.make()
        once.fit(rows, epochs=3, steps_per_epoch=steps_per_epoch, verbose=0)
        twice.fit(rows, epochs=1, steps_per_epoch=steps_per_epoch, verbose=0)
        twice.fit(rows, epochs=2, steps_per_epoch=steps_per_epoch, verbose=0)
        assert int(twice.optimizer.iterations) == 3 * steps_per_epoch
        assert_same_weights(twice, once)


@pytest.mark.parametrize("feed", ["array", "dataset"])
def test_a_model_that_was_trained_is_freed_with_its_last_reference(rows, feed):
    data = rows if feed == "array" else tf.data.Dataset.from_tensor_slices(rows).batch(8)
    model = CM(3, batch_size=8, seed=0)
    model.compile()
    model.fit(data, verbose=0)
    freed = weakref.ref(model)
    del model
    gc.collect()
    assert freed() is None
