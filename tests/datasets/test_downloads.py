from types import SimpleNamespace

import numpy as np
import pytest
import sklearn.datasets
from scipy.sparse import csr_matrix, random_array
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.utils import Bunch

from tfclust.datasets import load


@pytest.fixture(autouse=True)
def no_data_dir(monkeypatch):
    monkeypatch.delenv("TFCLUST_DATA_DIR", raising=False)


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    """A network whose hosts all answer; the list holds those that were asked."""
    hosts = []

    def connect(address, timeout):
        hosts.append(address)
        return SimpleNamespace(close=lambda: None)

    monkeypatch.setattr("urllib.request.getproxies", dict)
    monkeypatch.setattr("socket.create_connection", connect)
    return hosts


def refuse(*args, **kwargs):
    raise ConnectionError("name or service not known")


def offer_images(monkeypatch, train, test, prepared=False):
    """Makes tensorflow-datasets hand out two splits, each `(images, labels)`, as NumPy arrays."""
    tfds = pytest.importorskip("tensorflow_datasets")
    splits = {
        "train": {"image": train[0], "label": train[1]},
        "test": {"image": test[0], "label": test[1]},
    }
    builder = SimpleNamespace(
        is_prepared=lambda: prepared,
        download_and_prepare=lambda: None,
        as_dataset=lambda split, batch_size: [splits[part] for part in split],
    )
    monkeypatch.setattr(tfds, "builder", lambda name: builder)
    monkeypatch.setattr(tfds, "as_numpy", lambda datasets: datasets)


def test_downloaded_images_are_train_then_test_without_the_grey_channel(monkeypatch):
    images = np.arange(5 * 4, dtype=np.uint8).reshape(5, 2, 2, 1)
    labels = np.array([2, 1, 0, 0, 1])
    offer_images(monkeypatch, (images[:3], labels[:3]), (images[3:], labels[3:]))
    data = load("mnist")
    np.testing.assert_allclose(data.x, images[..., 0] / 255, rtol=1e-6)
    np.testing.assert_array_equal(data.y, labels)
    assert (data.y.dtype, data.n_train, data.n_classes) == (np.int64, 3, 3)


def test_colour_images_keep_their_channels_and_flatten_to_rows(monkeypatch):
    images, labels = np.full((2, 4, 4, 3), 255, dtype=np.uint8), np.array([0, 1])
    offer_images(monkeypatch, (images, labels), (images, labels))
    assert load("cifar10").x.shape == (4, 4, 4, 3)
    assert load("cifar10", flatten=True).x.shape == (4, 48)


def test_images_of_the_real_reader_have_the_promised_form(monkeypatch, tmp_path):
    pytest.importorskip("importlib_resources")  # which tensorflow-datasets needs to read its own
    tfds = pytest.importorskip("tensorflow_datasets")
    monkeypatch.setattr(tfds, "builder", lambda name: tfds.testing.DummyMnist(data_dir=tmp_path))
    data = load("mnist")
    assert data.x.shape == (40, 28, 28)
    assert data.x.dtype == np.float32
    assert data.n_train == 20
    assert data.sha256 == load("mnist").sha256


def test_newsgroups_are_tf_idf_of_the_most_frequent_words_train_first(monkeypatch):
    texts = {"train": ["a cat sat", "the cat and the dog"], "test": ["a dog ran and ran"]}
    labels = {"train": np.array([1, 0]), "test": np.array([2])}

    def fetch(subset, shuffle, download_if_missing):
        assert (shuffle, download_if_missing) == (False, False)
        return Bunch(data=texts[subset], target=labels[subset])

    monkeypatch.setattr(sklearn.datasets, "fetch_20newsgroups", fetch)
    data = load("twenty_newsgroups")
    counts = CountVectorizer(max_features=2000).fit_transform(texts["train"] + texts["test"])
    expected = TfidfTransformer(sublinear_tf=True).fit_transform(counts)
    assert data.x.format == "csr"
    assert data.x.dtype == np.float32
    np.testing.assert_allclose(data.x.toarray(), expected.toarray(), rtol=1e-6)
    np.testing.assert_array_equal(data.y, [1, 0, 2])
    assert data.n_train == 2


def test_rcv1_keeps_single_root_documents_and_their_most_frequent_terms(monkeypatch):
    topics = np.array(["C15", "CCAT", "ECAT", "GCAT", "MCAT"])
    roots = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0]])
    target = csr_matrix(np.hstack([roots[:, :1], roots]).astype(np.uint8))
    x = random_array((5, 2002), density=1.0, format="csr", rng=np.random.default_rng(0)).tolil()
    x[0, 7] = 0  # so that of the kept documents two terms are in fewer than the others
    x[2:4, 2001] = 0
    bunch = Bunch(data=x.tocsr(), target=target, target_names=topics)
    monkeypatch.setattr(sklearn.datasets, "fetch_rcv1", lambda download_if_missing: bunch)

    data = load("rcv1")
    np.testing.assert_array_equal(data.y, [0, 3, 2, 1])
    assert data.x.format == "csr"
    assert data.x.dtype == np.float32
    expected = np.delete(x.toarray()[[0, 2, 3, 4]], [7, 2001], axis=1)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(data.x.toarray(), expected, rtol=1e-5)
    assert data.n_train == 4


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10"])
def test_failed_download_is_one_error_that_tells_all_that_was_tried(name, monkeypatch, tmp_path):
    tfds = pytest.importorskip("tensorflow_datasets")
    monkeypatch.setattr(tfds, "builder", refuse)
    with pytest.raises(FileNotFoundError) as error:
        load(name, data_dir=tmp_path)
    message = str(error.value)
    assert f"tensorflow_datasets.builder('{name}')" in message
    assert "ConnectionError: name or service not known" in message
    if name != "cifar10":
        assert f"{name}.npz" in message
        assert str(tmp_path) in message
        assert "TFCLUST_DATA_DIR" in message


@pytest.mark.parametrize(
    ("name", "fetcher"), [("twenty_newsgroups", "fetch_20newsgroups"), ("rcv1", "fetch_rcv1")]
)
def test_failed_fetch_by_scikit_learn_is_told_in_the_same_way(name, fetcher, monkeypatch):
    monkeypatch.setattr(sklearn.datasets, fetcher, refuse)
    with pytest.raises(FileNotFoundError, match=rf"{fetcher} failed: ConnectionError: name or"):
        load(name)


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("mnist", ("storage.googleapis.com", 443)),
        ("fashion_mnist", ("fashion-mnist.s3-website.eu-central-1.amazonaws.com", 80)),
        ("cifar10", ("www.cs.toronto.edu", 443)),
        ("twenty_newsgroups", ("ndownloader.figshare.com", 443)),
        ("rcv1", ("ndownloader.figshare.com", 443)),
    ],
)
def test_without_a_network_one_sentence_says_so_and_no_library_tries(
    name, host, asked, monkeypatch, tmp_path, capfd
):
    tfds = pytest.importorskip("tensorflow_datasets")
    monkeypatch.setattr(tfds, "builder", lambda name: SimpleNamespace(is_prepared=lambda: False))
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))

    def refuse_connection(address, timeout):
        asked.append(address)
        raise OSError("Name or service not known")

    monkeypatch.setattr("socket.create_connection", refuse_connection)
    with pytest.raises(FileNotFoundError) as error:
        load(name)
    cause = f"ConnectionError: {host[0]} cannot be reached: Name or service not known"
    assert str(error.value).endswith(cause)
    assert asked == [host]
    assert capfd.readouterr() == ("", "")


def test_what_the_libraries_keep_needs_no_network(asked, monkeypatch):
    images, labels = np.zeros((2, 2, 2, 1), dtype=np.uint8), np.array([0, 1])
    offer_images(monkeypatch, (images, labels), (images, labels), prepared=True)
    load("mnist")
    assert asked == []


def test_behind_a_proxy_the_library_is_left_to_try(asked, monkeypatch):
    monkeypatch.setattr("urllib.request.getproxies", lambda: {"https": "http://proxy"})
    images, labels = np.zeros((2, 2, 2, 1), dtype=np.uint8), np.array([0, 1])
    offer_images(monkeypatch, (images, labels), (images, labels))
    load("mnist")
    assert asked == []


def test_set_without_file_or_download_says_so_and_how_to_point_at_the_file():
    with pytest.raises(FileNotFoundError, match=r"usps\.npz.*TFCLUST_DATA_DIR.*No download of"):
        load("usps")
