from typing import ClassVar

import keras
import numpy as np
import pytest
from battery import ClusteringModelBattery, compiled
from scipy.special import expit, log_softmax, softmax

from reproduce.experiments import PAPERS
from tfclust.layers.parallel_layer import ParallelLayer
from tfclust.models import MIXAE, objective_model
from tfclust.networks import parallel_dense_autoencoder


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((37, 8, 4, 1), dtype="float32")


class TestMIXAE(ClusteringModelBattery):
    model_class = MIXAE
    needs_weights: ClassVar = {"autoencoder": (0,)}
    kwargs: ClassVar = {
        "n_clusters": 3,
        "embedding_dim": 2,
        "hidden_units": (8,),
        "alpha": 0.5,
        "beta": 4.0,
        "seed": 0,
    }
    extra_logs = frozenset({"unweighted_sample_entropy", "unweighted_batch_entropy"})

    def built(self, **changes):
        model = self.build(**changes)
        model.build((None, 6))
        return model

    def test_objective_is_eq_5_in_float64(self, rows):
        for changes in ({}, {"reconstruction_loss": "cross_entropy"}):
            model, x = self.built(**changes), np.abs(rows)
            logits, errors = parts_in_float64(model, x)
            p = softmax(logits, axis=1)
            sample = -(p * log_softmax(logits, axis=1)).sum(axis=1)
            expected = {
                "reconstruction": (p * errors).sum(axis=1).mean(),
                "sample_entropy": 0.5 * sample.mean(),
                "batch_entropy": 4.0 * (p.mean(axis=0) * np.log(p.mean(axis=0))).sum(),
            }
            for name, term in model.loss_terms(x).items():
                np.testing.assert_allclose(term, expected[name], rtol=1e-6)

    def test_equal_autoencoders_and_uniform_memberships_give_the_closed_forms(self, rows):
        model = self.built()
        for network in (model.encoder, model.decoder):
            for layer in network.layers:
                layer.set_weights([np.stack([w[0]] * 3) for w in layer.get_weights()])
        model.assignment.set_weights([np.zeros_like(w) for w in model.assignment.get_weights()])
        error = np.square(rows - model.autoencoder(0).predict(rows, verbose=0)).sum(axis=1).mean()
        terms = model.loss_terms(rows)
        np.testing.assert_allclose(terms["reconstruction"], error, rtol=1e-6)
        np.testing.assert_allclose(terms["sample_entropy"], 0.5 * np.log(3), rtol=1e-6)
        np.testing.assert_allclose(terms["batch_entropy"], -4.0 * np.log(3), rtol=1e-6)

    def test_permuted_autoencoders_permute_the_memberships(self, trained, rows):
        order, size = [2, 0, 1], 2
        permuted = self.built()
        for network, own in (
            (trained.encoder, permuted.encoder),
            (trained.decoder, permuted.decoder),
        ):
            own.set_weights([w[order] for w in network.get_weights()])
        kernel, bias = trained.assignment.get_weights()
        codes = np.concatenate([np.arange(size) + size * k for k in order])
        permuted.assignment.set_weights([kernel[codes][:, order], bias[order]])
        expected = trained.predict(rows, verbose=0)[:, order]
        np.testing.assert_allclose(permuted.predict(rows, verbose=0), expected, atol=1e-6)
        for name, term in permuted.loss_terms(rows).items():
            np.testing.assert_allclose(term, trained.loss_terms(rows)[name], rtol=1e-5)

    def test_certain_memberships_give_no_nan(self, rows):
        model = self.built()
        kernel, bias = model.assignment.get_weights()
        model.assignment.set_weights([kernel * 1e6, bias])
        model.compile(keras.optimizers.SGD(1e-3), jit_compile=False)
        logs = model.fit(rows, epochs=1, verbose=0).history
        assert all(np.isfinite(value) for value in logs.values())
        assert all(np.isfinite(weight).all() for weight in model.get_weights())

    def test_a_known_prior_is_a_cross_entropy(self, rows):
        model = self.built(cluster_prior=(2, 1, 1))
        assert model.cluster_prior == (0.5, 0.25, 0.25)
        mean = model.predict(rows, verbose=0).astype("float64").mean(axis=0)
        expected = -4.0 * np.dot(model.cluster_prior, np.log(mean))
        np.testing.assert_allclose(model.loss_terms(rows)["batch_entropy"], expected, rtol=1e-5)

    def test_weights_of_the_entropies_are_variables_that_are_saved(self, rows, tmp_path):
        model = self.make()
        model.fit(rows, verbose=0)
        before = model.loss_terms(rows)
        model.alpha.assign(2.0 * model.alpha)
        model.beta.assign(3.0 * model.beta)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        after = loaded.loss_terms(rows)
        np.testing.assert_allclose(after["sample_entropy"], 2.0 * before["sample_entropy"])
        np.testing.assert_allclose(after["batch_entropy"], 3.0 * before["batch_entropy"])
        assert loaded.get_config()["alpha"] == 0.5

    def test_joined_codes_are_those_of_the_autoencoders(self, trained, rows):
        codes = trained.embed(rows)
        assert codes.shape == (37, 3 * 2)
        np.testing.assert_allclose(codes[:, 2:4], trained.encoder(rows)[1], atol=1e-6)

    def test_reconstructions_are_mixed_or_chosen(self, trained, rows):
        each = np.stack([trained.autoencoder(k).predict(rows, verbose=0) for k in range(3)])
        memberships = trained.predict(rows, verbose=0)
        mixed = np.einsum("bk,kbd->bd", memberships, each)
        chosen = each[memberships.argmax(axis=1), np.arange(37)]
        np.testing.assert_allclose(trained.reconstruct(rows), mixed, atol=1e-5)
        np.testing.assert_allclose(trained.reconstruct(rows, "chosen"), chosen, atol=1e-5)
        with pytest.raises(ValueError, match=r"`how` must be.*Received: how='best'"):
            trained.reconstruct(rows, "best")

    def test_one_autoencoder_is_a_keras_model_that_is_saved(self, trained, rows, tmp_path):
        model = trained.autoencoder(2)
        model.save(tmp_path / "one.keras")
        loaded = keras.models.load_model(tmp_path / "one.keras")
        np.testing.assert_array_equal(loaded(rows), model(rows))
        assert not any(isinstance(layer, ParallelLayer) for layer in model._flatten_layers())
        with pytest.raises(ValueError, match=r"`k` must be a cluster id.*Received: k=3"):
            trained.autoencoder(3)

    def test_cross_entropy_reconstructs_in_0_to_1(self, rows):
        model, x = self.built(reconstruction_loss="cross_entropy"), np.clip(rows, 0.0, 1.0)
        for outputs in (model.reconstruct(x), model.autoencoder(0).predict(x, verbose=0)):
            assert outputs.min() > 0.0 and outputs.max() < 1.0
        with pytest.raises(ValueError, match=r"within 0 and 1.*Received"):
            model.predict(x - 0.5, verbose=0)

    def test_hidden_layers_of_the_assignment_network(self, rows):
        model = self.built(assignment_units=(5, 4))
        assert [layer.units for layer in model.assignment.layers] == [5, 4, 3]

    def test_no_cluster_is_preferred_before_the_data_are_seen(self):
        np.testing.assert_allclose(self.built().predict(np.zeros((1, 6)), verbose=0), 1 / 3)
        normal = self.built(assignment_bias="glorot_normal")
        assert np.ptp(normal.predict(np.zeros((1, 6)), verbose=0)) > 0.01

    @pytest.mark.parametrize(
        "changes",
        [
            {"alpha": -1.0},
            {"beta": np.inf},
            {"embedding_dim": 0},
            {"filters": (0,)},
            {"hidden_units": 8},
            {"assignment_units": (0,)},
            {"assignment_bias": "ones"},
            {"reconstruction_loss": "mae"},
            {"cluster_prior": (0.5, 0.5)},
            {"cluster_prior": (1.0, 1.0, 0.0)},
            {"encoder": keras.Sequential()},
        ],
    )
    def test_bad_networks_and_weights_are_refused(self, changes):
        with pytest.raises(ValueError, match=r"`\w+(\[0\])?` (and `decoder` )?must .*Received: "):
            self.build(**changes)

    def test_a_decoder_that_gives_no_whole_row_is_refused(self, trained):
        _, narrow = parallel_dense_autoencoder(3, 5, (8,), trained.embedding_dim)
        model = self.build(encoder=trained.encoder, decoder=narrow)
        with pytest.raises(ValueError, match=r"`decoder` must give .* row has.*Received: .* 5\)"):
            model.build((None, 6))


class TestVariationalMIXAE:
    @staticmethod
    def make(**changes):
        model = MIXAE(
            3, embedding_dim=2, hidden_units=(8,), batch_size=8, seed=0, variational=True, **changes
        )
        return compiled(model)

    def test_divergences_are_a_term_of_their_own(self, rows):
        model = self.make()
        model.build((None, 6))
        terms = model.loss_terms(rows)
        assert tuple(terms) == model.term_names() == (*MIXAE.TERMS, "kl_divergence")
        codes = np.asarray(model.encoder(rows), dtype="float64")
        mean, log_variance = codes[..., :2], codes[..., 2:]
        each = 0.5 * (mean**2 + np.exp(log_variance) - 1.0 - log_variance).sum(axis=-1)
        expected = (model.predict(rows, verbose=0) * each.T).sum(axis=1).mean()
        np.testing.assert_allclose(terms["kl_divergence"], expected, rtol=1e-5)

    def test_noise_follows_from_the_seed_and_the_step(self, rows):
        runs = [self.make() for _ in range(2)]
        for model in runs:
            model.fit(rows, epochs=2, verbose=0)
        for weight, again in zip(*(model.get_weights() for model in runs), strict=True):
            np.testing.assert_array_equal(weight, again)
        first, second = (runs[0].loss_terms(rows, training=True) for _ in range(2))
        np.testing.assert_array_equal(first["reconstruction"], second["reconstruction"])
        runs[0].optimizer.iterations.assign_add(1)
        assert runs[0].loss_terms(rows, training=True)["reconstruction"] != first["reconstruction"]

    def test_one_autoencoder_decodes_the_mean(self, rows):
        model = self.make()
        model.fit(rows, verbose=0)
        codes = model.encoder(rows)[..., :2]
        expected = model.decoder(codes)[1]
        np.testing.assert_allclose(model.autoencoder(1)(rows), expected, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_the_mixture_of_the_mnist_table_trains_on_this_machine(dtype):
    settings = next(
        dict(each.settings)
        for each in PAPERS["mixae"].experiments
        if (each.dataset, each.method) == ("mnist", "mixae")
    )
    names = ("n_clusters", "embedding_dim", "filters", "kernel_size", "assignment_units")
    model = MIXAE(**{name: settings[name] for name in names}, seed=0, dtype=dtype)
    model.compile()
    x = np.random.default_rng(0).random((32, *settings["image_shape"]), dtype="float32")
    losses = model.fit(x, batch_size=16, epochs=2, verbose=0).history["reconstruction"]
    assert losses[-1] < losses[0]
    assert np.isfinite(model.reconstruct(x)).all()


class TestConvolutionalMIXAE:
    @staticmethod
    def make(**changes):
        model = MIXAE(3, embedding_dim=2, filters=(4, 6), batch_size=8, seed=0, **changes)
        return compiled(model, jit_compile="auto")

    def test_images_are_reconstructed_in_their_shape(self, images, tmp_path):
        model = self.make()
        losses = model.fit(images, epochs=5, verbose=0).history["loss"]
        assert losses[-1] < losses[0]
        assert model.embed(images).shape == (37, 6)
        assert model.reconstruct(images).shape == images.shape
        np.testing.assert_allclose(
            model.autoencoder(1)(images), model.decoder(model.encoder(images))[1], atol=1e-5
        )
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(loaded.assign(images), model.assign(images))

    def test_one_seed_gives_the_same_weights_twice(self, images):
        first, second = self.make(), self.make()
        for model in (first, second):
            model.fit(images, epochs=2, verbose=0)
        for weight, again in zip(first.get_weights(), second.get_weights(), strict=True):
            np.testing.assert_array_equal(weight, again)

    def test_images_that_the_decoder_cannot_give_back_are_refused(self):
        with pytest.raises(
            ValueError, match=r"of 4: pad or crop the height to 8 or 12 and the width to 28 or 32\."
        ):
            self.make().fit(np.zeros((12, 9, 30, 1)), verbose=0)
        with pytest.raises(ValueError, match=r"crop the width to 4\. Received: images of 8 by 3"):
            self.make().fit(np.zeros((12, 8, 3)), verbose=0)

    def test_grey_images_may_come_without_their_channel(self, images, tmp_path):
        with_channel, without = self.make(), self.make()
        grey = images[..., 0]
        with_channel.fit(images, epochs=2, verbose=0)
        without.fit(grey, epochs=2, verbose=0)
        for method in ("embed", "assign"):
            expected = getattr(with_channel, method)(images)
            np.testing.assert_array_equal(getattr(without, method)(grey), expected)
        for how in ("weighted", "chosen"):
            expected = with_channel.reconstruct(images, how=how)[..., 0]
            np.testing.assert_array_equal(without.reconstruct(grey, how=how), expected)
        assert without.autoencoder(1)(grey).shape == grey.shape
        without.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(loaded.reconstruct(grey), without.reconstruct(grey))
        with pytest.raises(ValueError, match=r"must have rank 3, shape \(n, 8, 4\)"):
            without.predict(images)

    def test_kernels_have_the_size_that_is_asked_for(self, images):
        model = self.make(kernel_size=(3, 2))
        model.build(images.shape)
        kernels = {w.shape[1:3] for w in model.trainable_weights if len(w.shape) == 5}
        assert kernels == {(3, 2)}
        assert MIXAE.from_config(model.get_config()).kernel_size == (3, 2)

    def test_it_is_not_compiled_by_xla(self, images, monkeypatch):
        monkeypatch.setattr(objective_model, "STEPS_WORTH_COMPILING", 1)
        model = self.make()
        model.fit(images, verbose=0)
        assert not model.trains_with_xla


def test_networks_of_the_user_take_the_place_of_the_built_ones(rows):
    encoder, decoder = parallel_dense_autoencoder(3, 6, (5,), 2, batch_normalization=True, seed=0)
    model = compiled(
        MIXAE(3, embedding_dim=2, encoder=encoder, decoder=decoder, batch_size=8, seed=0)
    )
    losses = model.fit(rows, epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    again = MIXAE.from_config(model.get_config())
    again.build((None, 6))
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict(rows, verbose=0), model.predict(rows, verbose=0))
    single = model.autoencoder(2)(rows)
    np.testing.assert_allclose(single, decoder(encoder(rows))[2], atol=1e-5)


@pytest.mark.parametrize("changes", [{"embedding_dim": 4}, {"variational": True}])
def test_an_encoder_whose_codes_have_another_size_is_refused(rows, changes):
    encoder, decoder = parallel_dense_autoencoder(3, 6, (5,), 2, seed=0)
    settings = {"embedding_dim": 2, "encoder": encoder, "decoder": decoder, **changes}
    with pytest.raises(ValueError, match=r"`encoder` must give .*4\).*Received.*\(3, None, 2\)"):
        compiled(MIXAE(3, batch_size=8, **settings)).fit(rows, verbose=0)


def test_a_variational_encoder_of_the_user_gives_means_and_variances(rows):
    encoder, decoder = parallel_dense_autoencoder(3, 6, (5,), 2, variational=True, seed=0)
    settings = {"embedding_dim": 2, "variational": True, "batch_size": 8, "seed": 0}
    model = compiled(MIXAE(3, encoder=encoder, decoder=decoder, **settings))
    losses = model.fit(rows, epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert model.embed(rows).shape == (37, 6)


def parts_in_float64(model, x):
    """Logits `(n, K)` and errors `(n, K)`, by NumPy from the weights."""

    def forward(network, x):
        for i, layer in enumerate(network.layers):
            kernel, bias = (np.asarray(w, dtype="float64") for w in layer.get_weights())
            x = x @ kernel + (bias[:, None] if kernel.ndim == 3 else bias)
            if i < len(network.layers) - 1:
                x = np.maximum(x, 0.0)
        return x

    x = x.astype("float64")
    codes = forward(model.encoder, x)
    logits = forward(model.assignment, np.concatenate(codes, axis=1))
    outputs = forward(model.decoder, codes)
    if model.reconstruction_loss == "squared_error":
        return logits, np.square(x - outputs).sum(axis=2).T
    s = expit(outputs)
    return logits, -(x * np.log(s) + (1.0 - x) * np.log(1.0 - s)).sum(axis=2).T
