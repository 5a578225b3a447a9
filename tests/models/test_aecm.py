import keras
import numpy as np
import pytest
from battery import ClusteringModelBattery, assert_same_weights
from centroid_battery import CentroidModelBattery

from tfclust.models import AECM, CM, objective_model


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((37, 4, 5, 1), dtype="float32")


class TestAECM(CentroidModelBattery, ClusteringModelBattery):
    model_class = AECM

    def test_decoder_mirrors_the_encoder(self):
        model = self.build(hidden_units=(8, 7, 5))
        model.build((None, 6))
        for network, widths in ((model.encoder, (8, 7, 5, 4)), (model.decoder, (5, 7, 8, 6))):
            assert tuple(layer.units for layer in network.layers) == widths
            activations = [layer.activation for layer in network.layers]
            assert activations == [keras.activations.leaky_relu] * 3 + [keras.activations.linear]
        assert keras.ops.convert_to_numpy(keras.activations.leaky_relu(-1.0)) == np.float32(-0.2)

    def test_reconstruction_is_the_decoded_code(self, trained, rows):
        expected = trained.decoder(trained.embed(rows))
        np.testing.assert_allclose(trained.reconstruct(rows), expected, rtol=1e-5, atol=1e-6)

    def test_beta_and_lbd_weigh_their_terms(self, rows):
        plain, weighted = self.build(beta=1.0, lbd=1.0), self.build(beta=0.5, lbd=3.0)
        for model in (plain, weighted):
            model.build((None, 6))
        expected, factors = plain.loss_terms(rows), {"reconstruction": 0.5, "orthonormality": 3.0}
        for name, term in weighted.loss_terms(rows).items():
            np.testing.assert_allclose(term, factors.get(name, 1.0) * expected[name], rtol=1e-6)

    @pytest.mark.parametrize(
        "changes",
        [
            {"beta": -1.0},
            {"lbd": np.nan},
            {"embedding_dim": 0},
            {"hidden_units": (8, 0)},
            {"hidden_units": 8},
        ],
    )
    def test_bad_networks_and_weights_are_refused(self, changes):
        with pytest.raises(ValueError, match=r"`\w+(\[1\])?` must be .*Received: "):
            self.build(**changes)

    def test_low_precision_keeps_codes_in_float32(self, rows):
        model = self.build(dtype="mixed_bfloat16")
        model.build((None, 6))
        assert model.encoder(rows).dtype == "float32"
        assert model.decoder(model.encoder(rows)).dtype == "bfloat16"
        assert model.reconstruct(rows).dtype == np.float32
        assert all(term.dtype == "float32" for term in model.loss_terms(rows).values())


class TestAECMWithNetworksOfItsUser:
    @staticmethod
    def make():
        keras.utils.set_random_seed(0)
        encoder = keras.Sequential(
            [keras.Input((4, 5, 1)), keras.layers.Flatten(), keras.layers.Dense(3)]
        )
        decoder = keras.Sequential(
            [keras.Input((3,)), keras.layers.Dense(20), keras.layers.Reshape((4, 5, 1))]
        )
        model = AECM(3, alpha=5.0, encoder=encoder, decoder=decoder, batch_size=8, seed=0)
        model.compile(jit_compile=False)
        return model

    def test_images_keep_their_shape(self, images):
        model = self.make()
        losses = model.fit(images, epochs=5, verbose=0).history["loss"]
        assert losses[-1] < losses[0]
        assert model.predict(images, verbose=0).shape == (37, 3)
        assert model.embed(images).shape == (37, 3)
        assert model.reconstruct(images).shape == images.shape
        assert model.centroids("input").shape == (3, 4, 5, 1)
        assert model.interpolate(0, 1, steps=4).shape == (4, 4, 5, 1)

    def test_a_decoder_that_gives_no_whole_row_is_refused_before_training(self, images):
        model = self.make()
        narrow = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        model = AECM(3, encoder=model.encoder, decoder=narrow, seed=0)
        model.compile()
        with pytest.raises(ValueError, match=r"`decoder` must give as many .*Received: .*None, 1"):
            model.fit(images, verbose=0)

    def test_a_saved_model_keeps_its_networks_and_trains_on(self, images, tmp_path):
        model = self.make()
        model.fit(images, epochs=2, verbose=0)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        for one in (model, loaded):
            one.fit(images, epochs=1, verbose=0)
        assert_same_weights(loaded, model)

    def test_what_its_networks_add_to_the_loss_is_trained_and_logged(self, images, monkeypatch):
        model, batch = self.make(), images[:8]
        model.build((None, *images.shape[1:]))
        dense = model.encoder.layers[-1]
        model.compile(keras.optimizers.SGD(0.1), jit_compile=False)
        plain = float(model.compute_loss(batch))
        dense.activity_regularizer = keras.regularizers.L2(0.5)  # over the batch's mean
        penalty = 0.5 * np.square(model.embed(batch)).sum() / 8
        assert float(model.compute_loss(batch)) - plain == pytest.approx(penalty, rel=1e-4)
        codes, kernel = model.embed(batch), np.array(dense.kernel)
        logs = model.evaluate(batch, verbose=0, return_dict=True)
        terms = sum(value for name, value in logs.items() if name != "loss")
        assert logs["loss"] - terms == pytest.approx(penalty / 8, rel=1e-4)
        moved = {}
        for strength in (0.0, 0.5):
            dense.activity_regularizer = keras.regularizers.L2(strength)
            dense.kernel.assign(kernel)
            others = model.get_weights()
            model.make_train_function(force=True)
            model.train_on_batch(batch)
            moved[strength] = kernel - np.array(dense.kernel)
            model.set_weights(others)
        expected = 0.1 * batch.reshape(8, -1).T @ codes / 8
        np.testing.assert_allclose(moved[0.5] - moved[0.0], expected, rtol=1e-3, atol=1e-5)
        monkeypatch.setattr(objective_model, "replica_count", lambda: 2)
        with pytest.raises(ValueError, match=r"must add no losses.*Received: 1 such losses on 2"):
            model.compute_loss(batch)

    def test_pretraining_takes_images(self, images):
        history = self.make().pretrain(images, epochs=3, clustering_epochs=1, verbose=0)
        assert history.history["loss"][-1] < history.history["loss"][0]

    @pytest.mark.parametrize("outliers", [0, 1])
    def test_uneven_clusters_start_from_the_whole_mixture_and_even_ones_do_not(
        self, images, outliers
    ):
        x = np.concatenate([images + 9.0 * (np.arange(37) % 3)[:, None, None, None]] * 2)
        x[:outliers] += 99.0
        model, module = self.make(), CM(3, seed=0)
        model.pretrain(x, epochs=1, clustering_epochs=0, verbose=0, uneven_sizes=True)
        module.pretrain(model.embed(x))
        starts = zip(model.assignment.get_weights(), module.assignment.get_weights(), strict=True)
        assert all(np.array_equal(one, other) for one, other in starts) == bool(outliers)

    def test_images_of_another_shape_are_refused(self, images):
        model = self.make()
        model.predict(images, verbose=0)
        with pytest.raises(ValueError, match=r"samples of shape \(4, 5, 1\).*Received: x of sh"):
            model.fit(images[:, :3], verbose=0)

    @pytest.mark.parametrize("given", ["encoder", "decoder"])
    def test_one_network_alone_is_refused(self, given):
        network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
        with pytest.raises(ValueError, match=r"must be given together. Received: (en|de)coder=N"):
            AECM(3, **{given: network})
