import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from tfclust.datasets import Dataset, files, load, names
from tfclust.datasets.preprocessing import SCALES


def test_every_promised_name_is_listed_with_a_description():
    expected = (
        "mnist fashion_mnist usps pendigits twenty_newsgroups rcv1_10k har_recomputed uci_ecoli "
        "uci_yeast uci_glass digits iris wine breast_cancer cifar10 rcv1 five_gaussians circles "
        "moons varied aniso blobs no_structure"
    )
    assert set(names()) == set(expected.split())
    assert all(isinstance(text, str) and text for text in names().values())


def test_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'mnist'.*'moons'.*Received: name='minst'"):
        load("minst")


@pytest.mark.parametrize("scale", SCALES)
def test_dataset_tells_the_scale_that_it_went_through(scale):
    assert load("iris", scale=scale).scale == scale


def test_unknown_scale_is_refused_before_anything_is_read(monkeypatch):
    monkeypatch.setattr(files, "read", pytest.fail)
    with pytest.raises(ValueError, match="Received: scale='log'"):
        load("usps", scale="log")


@pytest.mark.parametrize("scale", ["minmax", "standard"])
@pytest.mark.parametrize("name", ["rcv1", "rcv1_10k", "twenty_newsgroups"])
def test_scale_for_dense_data_is_refused_before_text_is_read(name, scale, monkeypatch):
    monkeypatch.setattr(files, "find", pytest.fail)
    with pytest.raises(ValueError, match="sparse data"):
        load(name, scale=scale)


def test_flatten_makes_rows_of_images_and_keeps_rows():
    images, rows = load("digits"), load("digits", flatten=True)
    np.testing.assert_array_equal(rows.x, images.x.reshape(1797, 64))
    assert load("iris", flatten=True).x.shape == (150, 4)


def test_dataset_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        load("iris").y = None


def test_dataset_prints_without_its_samples():
    data = Dataset(x=np.zeros((1000, 50)), y=None, name="zeros", n_classes=1, sha256="0" * 64)
    assert repr(data) == "Dataset(name='zeros', n_classes=1, n_train=None, scale=None)"


def test_import_brings_no_package_that_only_some_sets_need():
    code = (
        "import sys, tfclust; before = set(sys.modules); import tfclust.datasets;"
        "added = {'tensorflow_datasets', 'sklearn', 'scipy'} & (set(sys.modules) - before);"
        "assert not added, added"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
