"""Data sets fetched by tensorflow-datasets and scikit-learn, into the caches that those keep."""

import contextlib

import numpy as np

from tfclust.datasets.checksums import array_sha256
from tfclust.datasets.dataset import Dataset

DESCRIPTIONS = {
    "cifar10": "60,000 photographs, 32 x 32 colour images, 10 classes",
    "rcv1": "all RCV1-v2 news stories of one root category, tf-idf of the 2,000 most frequent "
    "stems (CSR), 4 classes",
}

_IMAGE_SETS = ("mnist", "fashion_mnist", "cifar10")
_N_WORDS = 2000
_RCV1_ROOTS = ("CCAT", "ECAT", "GCAT", "MCAT")
_RCV1_N_TRAIN = 23149


class DownloadError(OSError):
    """A set could not be fetched; the text says what was tried and why it failed.

    Example:
        >>> from tfclust.datasets.downloads import DownloadError, fetch
        >>> try:
        ...     fetch("usps")
        ... except DownloadError as error:
        ...     print(error)
        No download of 'usps' is known.
    """


def fetch(name):
    """Returns a set that can be downloaded, before any scaling, training rows first.

    `"mnist"`, `"fashion_mnist"` and `"cifar10"` come from tensorflow-datasets, in its order.
    `"twenty_newsgroups"` is the tf-idf (sublinear counts, unit rows) of the 2,000 most frequent
    words of the posts with their headers. `"rcv1"` keeps the documents of a single root category
    and, of their stems, the 2,000 that occur in the most documents, with the published weights,
    rows of unit length again.

    Raises:
        DownloadError: No download of `name` is known, or the one tried failed.
    """
    if name in _IMAGE_SETS:
        x, y, n_train = _images(name)
    elif name == "twenty_newsgroups":
        x, y, n_train = _newsgroups()
    elif name == "rcv1":
        x, y, n_train = _rcv1()
    else:
        raise DownloadError(f"No download of {name!r} is known.")
    y = y.astype(np.int64)
    return Dataset(
        x=x,
        y=y,
        name=name,
        n_classes=int(y.max()) + 1,
        sha256=array_sha256(x, y),
        n_train=n_train,
        scale="raw",
        pixel_max=255.0 if x.dtype == np.uint8 else 1.0,
    )


@contextlib.contextmanager
def _attempt(call):
    try:
        yield
    except Exception as error:  # the two libraries let through what their transports raise
        raise DownloadError(
            f"The download by {call} failed: {type(error).__name__}: {error}"
        ) from error


def _images(name):
    with _attempt(f"tensorflow_datasets.builder({name!r})"):
        import tensorflow_datasets as tfds

        builder = tfds.builder(name)
        builder.download_and_prepare()
    train, test = tfds.as_numpy(builder.as_dataset(split=["train", "test"], batch_size=-1))
    x = np.concatenate([train["image"], test["image"]])
    y = np.concatenate([train["label"], test["label"]])
    grey = x.shape[-1] == 1
    return x[..., 0] if grey else x, y, len(train["label"])


def _newsgroups():
    from sklearn.datasets import fetch_20newsgroups
    from sklearn.feature_extraction.text import TfidfVectorizer

    with _attempt("sklearn.datasets.fetch_20newsgroups"):
        train, test = (fetch_20newsgroups(subset=part, shuffle=False) for part in ("train", "test"))
    vectorizer = TfidfVectorizer(max_features=_N_WORDS, sublinear_tf=True)
    x = vectorizer.fit_transform([*train.data, *test.data])
    return _float32_csr(x), np.concatenate([train.target, test.target]), len(train.data)


def _rcv1():
    from sklearn.datasets import fetch_rcv1
    from sklearn.preprocessing import normalize

    with _attempt("sklearn.datasets.fetch_rcv1"):
        rcv1 = fetch_rcv1()
    topics = list(rcv1.target_names)
    roots = rcv1.target[:, [topics.index(root) for root in _RCV1_ROOTS]].toarray()
    kept = np.flatnonzero(roots.sum(axis=1) == 1)
    x = rcv1.data[kept]
    # The published vectors hold weights, not counts: a stem's frequency is that of its documents.
    document_frequency = np.bincount(x.indices, minlength=x.shape[1])
    terms = np.sort(np.argsort(-document_frequency, kind="stable")[:_N_WORDS])
    x = normalize(_float32_csr(x[:, terms]))
    return x, roots[kept].argmax(axis=1), int(np.searchsorted(kept, _RCV1_N_TRAIN))


def _float32_csr(x):
    from scipy.sparse import csr_matrix

    return csr_matrix(x, dtype=np.float32)
