"""Data sets fetched by tensorflow-datasets and scikit-learn, into the caches that those keep."""

import contextlib
import logging
import socket
import urllib.parse
import urllib.request

import numpy as np

from tfclust.datasets.checksums import array_sha256
from tfclust.datasets.dataset import Dataset

DESCRIPTIONS = {
    "cifar10": "60,000 photographs, 32 x 32 colour images, 10 classes",
    "rcv1": "all RCV1-v2 news stories of one root category, tf-idf of the 2,000 most frequent "
    "stems (CSR), 4 classes",
}

# Where the two libraries fetch from. Without a network both would try for minutes, and write pages.
_IMAGE_SOURCES = {
    "mnist": "https://storage.googleapis.com",
    "fashion_mnist": "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    "cifar10": "https://www.cs.toronto.edu",
}
_TEXT_SOURCE = "https://ndownloader.figshare.com"
_SECONDS_TO_ANSWER = 10
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
    rows of unit length again. What is in the caches of those libraries needs no network; where the
    rest is fetched from is asked for an answer first.

    Raises:
        DownloadError: No download of `name` is known, or the one tried failed.
    """
    if name in _IMAGE_SOURCES:
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
    """Turns whatever ends a download into one error; what the libraries log of it is left out."""
    loggers = [logging.getLogger(name) for name in ("absl", "urllib3")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    except Exception as error:  # the two libraries let through what their transports raise
        raise DownloadError(
            f"The download by {call} failed: {type(error).__name__}: {error}"
        ) from error
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _reach(source):
    """Raises a ConnectionError unless the host of a URL takes a connection."""
    if urllib.request.getproxies():  # which know of hosts that this machine does not
        return
    url = urllib.parse.urlsplit(source)
    port = 443 if url.scheme == "https" else 80
    try:
        socket.create_connection((url.hostname, port), _SECONDS_TO_ANSWER).close()
    except OSError as error:
        raise ConnectionError(f"{url.hostname} cannot be reached: {error}") from error


def _images(name):
    with _attempt(f"tensorflow_datasets.builder({name!r})"):
        import tensorflow_datasets as tfds

        builder = tfds.builder(name)
        if not builder.is_prepared():
            _reach(_IMAGE_SOURCES[name])
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
        train, test = (
            _kept_or_fetched(fetch_20newsgroups, subset=part, shuffle=False)
            for part in ("train", "test")
        )
    vectorizer = TfidfVectorizer(max_features=_N_WORDS, sublinear_tf=True)
    x = vectorizer.fit_transform([*train.data, *test.data])
    return _float32_csr(x), np.concatenate([train.target, test.target]), len(train.data)


def _rcv1():
    from sklearn.datasets import fetch_rcv1
    from sklearn.preprocessing import normalize

    with _attempt("sklearn.datasets.fetch_rcv1"):
        rcv1 = _kept_or_fetched(fetch_rcv1)
    topics = list(rcv1.target_names)
    roots = rcv1.target[:, [topics.index(root) for root in _RCV1_ROOTS]].toarray()
    kept = np.flatnonzero(roots.sum(axis=1) == 1)
    x = rcv1.data[kept]
    # The published vectors hold weights, not counts: a stem's frequency is that of its documents.
    document_frequency = np.bincount(x.indices, minlength=x.shape[1])
    terms = np.sort(np.argsort(-document_frequency, kind="stable")[:_N_WORDS])
    x = normalize(_float32_csr(x[:, terms]))
    return x, roots[kept].argmax(axis=1), int(np.searchsorted(kept, _RCV1_N_TRAIN))


def _kept_or_fetched(fetch, **options):
    """What a function of scikit-learn fetches, from its cache if it is there."""
    try:
        return fetch(**options, download_if_missing=False)
    except OSError:  # not in the cache
        _reach(_TEXT_SOURCE)
        return fetch(**options, n_retries=0)


def _float32_csr(x):
    from scipy.sparse import csr_matrix

    return csr_matrix(x, dtype=np.float32)
