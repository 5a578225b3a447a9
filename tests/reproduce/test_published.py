import pytest

from reproduce import published


@pytest.mark.parametrize(
    ("cell", "figure"),
    [
        (("table15", "mnist", "aecm", "random", "acc", "mean"), 0.861),
        (("table15", "mnist", "aecm", "random", "ari", "std"), 0.04),
        (("table11", "pendigits", "cm", "kmeans++", "nmi", "best"), 0.686),
        (("table4", "rcv1_10k", "cm", "random", "ari", "selected_lsp"), 0.56),
        (("table1", "fashion_mnist", "kmeans", "random", "acc", "mean"), 0.532),
        (("table1", "twenty_newsgroups", "igmm", "random", "ari", "mean"), 0.184),
        (("table3", "five_gaussians", "cm", "", "ari", "mean"), 0.833),
        (("table9", "breast_cancer", "aecm", "random", "acc", "mean"), 0.728),
        (("table9", "uci_yeast", "cm", "random", "acc", "mean"), 0.38),
        (("table2", "mnist", "cm", "random", "runtime_s", "mean"), 164.0),
    ],
)
def test_lookup_gives_fractions_and_seconds_under_our_dataset_names(cell, figure):
    assert published.lookup("aecm", *cell) == figure


def test_lookup_of_what_the_paper_does_not_print_is_none():
    assert published.lookup("aecm", "table9", "iris", "cm", "random", "acc", "std") is None
    assert published.lookup("aecm", "table11", "usps", "cm", "pretrained", "acc", "mean") is None
