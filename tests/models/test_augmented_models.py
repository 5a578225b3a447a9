import json

import keras
import numpy as np
import pytest
from battery import assert_same_weights
from scipy.sparse import csr_matrix

from tfclust.augmentation import Augmentation, ImageAugmentation, RowNoise
from tfclust.callbacks import Checkpoint
from tfclust.models import AECM, DCN, DEC, IDEC, VaDE
from tfclust.pretraining import Stages, pretrain_autoencoder, squared_error_loss
from tfclust.randomness import step_seed

TINY = {"n_clusters": 3, "embedding_dim": 2, "hidden_units": (8,), "batch_size": 8, "seed": 0}
TINY_DEC = {**TINY, "update_interval": 99, "tol": 0.0}


@pytest.fixture(scope="module")
def images():
    """18 images of 4 by 4 pixels, as rows."""
    return np.random.default_rng(0).random((18, 16), dtype="float32")


@keras.saving.register_keras_serializable(package="test_augmentation")
class Reversed(Augmentation):
    """A change that is the same every time."""

    def change(self, x, seed):
        return x[:, ::-1]


def make(model_class=DEC, **changes):
    model = model_class(**{**TINY_DEC, **changes})
    model.compile(keras.optimizers.SGD(0.1), run_eagerly=True)  # faster than to trace a few steps
    return model


# Within models --------------------------------------------------------------------------------


@pytest.mark.parametrize("model_class", [DEC, IDEC])
def test_a_step_takes_targets_of_clean_rows_and_memberships_of_changed_ones(images, model_class):
    model = make(model_class, augment=Reversed(), batch_size=len(images))
    model.build((None, 16))
    clean, changed = (
        model.predict(x, verbose=0).astype("float64") for x in (images, images[:, ::-1].copy())
    )
    weights = clean**2 / clean.sum(axis=0)
    p = weights / weights.sum(axis=1, keepdims=True)
    error = ((images[:, ::-1] - model.reconstruct(images[:, ::-1].copy())) ** 2).sum()
    logs = model.fit(images, epochs=1, verbose=0).history
    expected = getattr(model, "gamma", 1.0) * (p * np.log(p / changed)).sum() / len(images)
    assert logs["divergence"][0] == pytest.approx(expected, rel=1e-4)
    if model_class is IDEC:
        assert logs["reconstruction"][0] == pytest.approx(error / len(images), rel=1e-5)
    np.testing.assert_allclose(model.shares, clean.mean(axis=0), rtol=1e-5)


def test_the_error_of_idec_is_of_rows_without_their_noise(images):
    model = make(IDEC, augment=RowNoise(0.5))
    model.build((None, 16))
    _, terms = model.objective(images, training=True)
    noisy = RowNoise(0.5)(images, step_seed(0, 0)).numpy()
    expected = ((images - model.reconstruct(noisy)) ** 2).sum() / len(images)
    assert float(terms["reconstruction"]) == pytest.approx(expected, rel=1e-5)


def test_training_alone_sees_changed_rows(images):
    model, plain = make(IDEC, augment="images"), make(IDEC)
    for each in (model, plain):
        each.build((None, 16))
    for ask in ("predict", "evaluate"):
        answers = [getattr(each, ask)(images, verbose=0) for each in (model, plain)]
        np.testing.assert_array_equal(*answers)
    np.testing.assert_array_equal(model.embed(images), plain.embed(images))


def test_draws_differ_from_step_to_step_and_follow_from_the_seed(images):
    def terms(seed, epochs):
        model = make(augment="noise", seed=seed)
        model.compile(keras.optimizers.SGD(0.0), jit_compile=False)
        return model.fit(images, epochs=epochs, batch_size=18, verbose=0).history["loss"]

    assert len(set(terms(0, 3))) == 3
    assert terms(0, 3) == terms(0, 3)
    drawn = [step_seed(seed, 0).numpy().tolist() for seed in (0, 1)]
    assert drawn[0] != drawn[1]


def test_a_file_keeps_the_augmentation_and_goes_on_with_it(images, tmp_path):
    augment = ImageAugmentation((4, 4, 1), shift=0.25, rotation=30.0)
    model = make(augment=augment)
    model.fit(images, epochs=1, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.augment.get_config() == augment.get_config()
    assert loaded.get_config() == model.get_config()
    for each in (model, loaded):
        each.fit(images, epochs=1, verbose=0)
    assert_same_weights(loaded, model)


def test_a_training_that_was_cut_off_goes_on_to_the_same_weights(images, tmp_path):
    def train(folder, stop_after=None):
        model = make(IDEC, augment="images")

        def stop(epoch, logs):
            if epoch + 1 == stop_after:
                raise KeyboardInterrupt

        ends = keras.callbacks.LambdaCallback(on_epoch_end=stop)
        model.fit(images, epochs=3, verbose=0, callbacks=[Checkpoint(tmp_path / folder, 0), ends])
        return model

    with pytest.raises(KeyboardInterrupt):
        train("cut", stop_after=2)
    resumed, whole = train("cut"), train("whole")
    assert_same_weights(resumed, whole)


def test_sparse_rows_are_changed_as_dense_ones_are(images):
    x = np.where(images < 0.4, 0.0, images)
    dense, sparse = make(augment="images"), make(augment="images")
    for model, rows in ((dense, x), (sparse, csr_matrix(x))):
        model.fit(rows, epochs=1, verbose=0)
    assert_same_weights(sparse, dense)


def test_rows_that_are_no_images_are_refused_before_any_training(images):
    with pytest.raises(ValueError, match=r"`image_shape` must be.*rows of shape \(15,\)"):
        make(augment="images").fit(images[:, :15], verbose=0)
    model = AECM(3, embedding_dim=2, hidden_units=(8,), seed=0)
    model.compile(jit_compile=False)
    with pytest.raises(ValueError, match=r"`image_shape` must be.*rows of shape \(15,\)"):
        model.pretrain(images[:, :15], epochs=1, verbose=0, augment="images")


# Pretraining ----------------------------------------------------------------------------------


@pytest.mark.parametrize("augment", [Reversed(), RowNoise(0.5)])
def test_an_autoencoder_is_pretrained_on_changed_rows_alone(images, augment):
    model = make(augment=augment)
    model.build((None, 16))
    changed, target = augment.pair(images, step_seed(0, 0))
    error = squared_error_loss(target, model.reconstruct(np.array(changed))).numpy().mean()
    history = model.pretrain_autoencoder(images, 1, 0, batch_size=18, verbose=0).history
    # The noise is drawn for the rows in the order of the batch.
    rel = 1e-5 if isinstance(augment, Reversed) else 0.2
    assert history["autoencoder"] == [pytest.approx(error, rel=rel)]


@pytest.mark.parametrize("model_class", [DCN, VaDE])
def test_every_start_that_trains_an_autoencoder_takes_one(images, model_class):
    def start(**changes):
        model = model_class(**TINY, **changes)
        model.compile(jit_compile=False)
        return model.pretrain_autoencoder(images, 1, 0, verbose=0).history

    assert start() != start(augment="images")


def test_aecm_takes_one_for_its_start_of_images_that_keep_their_shape(images):
    shape = (4, 4, 1)
    encoder = keras.Sequential(
        [keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(2, name="code")]
    )
    decoder = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(16, name="back"), keras.layers.Reshape(shape)]
    )
    start = [*encoder.get_weights(), *decoder.get_weights()]

    def train(augment):
        for weight, value in zip([*encoder.weights, *decoder.weights], start, strict=True):
            weight.assign(value)
        model = AECM(3, encoder=encoder, decoder=decoder, batch_size=8, seed=0)
        model.compile(jit_compile=False)
        x = images.reshape(-1, *shape)
        return model.pretrain_autoencoder(x, 2, verbose=0, augment=augment).history["loss"]

    assert train("images") != train(None)


def test_a_start_that_was_cut_off_draws_what_it_would_have_drawn(images, tmp_path, monkeypatch):
    monkeypatch.setattr(Checkpoint.__init__, "__defaults__", (0.0, None))  # at every epoch

    class CutOff(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    def start(folder, augment="images", callbacks=()):
        model = make(augment=augment)
        model.pretrain_autoencoder(
            *(images, 3, 0), directory=tmp_path / folder, verbose=0, callbacks=callbacks
        )
        return model

    with pytest.raises(KeyboardInterrupt):
        start("cut", callbacks=[CutOff()])
    assert [*tmp_path.glob("cut/autoencoder/epoch-*")]
    with pytest.raises(ValueError, match=r"`directory` must be.*Received"):
        start("cut", augment="noise")
    whole = start("whole")
    assert_same_weights(start("cut"), whole)
    with pytest.raises(ValueError, match=r"`directory` must be.*Received"):
        start("whole", augment=None)
    assert_same_weights(start("whole"), whole)  # from the folder


def test_a_folder_that_says_nothing_of_it_is_of_rows_as_they_are(images, tmp_path):
    make().pretrain_autoencoder(images, 1, 0, directory=tmp_path, verbose=0)
    path = tmp_path / "autoencoder.json"
    record = json.loads(path.read_text())
    assert record["manner"].pop("augment") is None
    path.write_text(json.dumps(record))
    make().pretrain_autoencoder(images, 1, 0, directory=tmp_path, verbose=0)
    with pytest.raises(ValueError, match=r"`directory` must be.*Received.*'augment': None"):
        make(augment="noise").pretrain_autoencoder(images, 1, 0, directory=tmp_path, verbose=0)


def test_the_whole_alone_is_trained_on_changed_rows(images):
    class Seen(Stages):
        def train(self, name, network, x, y, loss, augment=None):
            seen[name] = augment

    seen, augment = {}, ImageAugmentation()
    model = make()
    model.build((None, 16))
    stages = Seen(1, 8, 0)
    networks = (model.encoder, model.decoder)
    pretrain_autoencoder(*networks, images, "mse", stages, stages, augment=augment)
    assert seen == {"layer_1": None, "layer_2": None, "autoencoder": augment}
