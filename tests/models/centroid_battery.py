"""What every model with centroids must pass besides."""

import math
from typing import ClassVar

import numpy as np
import pytest

BAD_CONCENTRATIONS = {
    "negative": (-1.0, "`alpha` must be positive and finite"),
    "zero": ([1.0, 0.0, 2.0], "`alpha` must be positive and finite"),
    "nan": (math.nan, "`alpha` must be positive and finite"),
    "of another length": ([1.0, 2.0], "one number for each of the 3 clusters"),
    "text": ("even", "`alpha` must be"),
}
BAD_MEMBERSHIPS = {
    "another number of clusters": (np.eye(2), r"must have shape \(n, 3\)"),
    "a vector": (np.ones(3) / 3, r"must have shape \(n, 3\)"),
    "sums above 1": (np.ones((2, 3)), r"must sum to 1.*Received: sums from 3.0 to 3.0"),
}


class ConcentrationBattery:
    """Tests of a Dirichlet concentration, to mix in to a `ClusteringModelBattery`."""

    @pytest.mark.parametrize("case", BAD_CONCENTRATIONS)
    def test_bad_concentrations_are_refused(self, case):
        alpha, rule = BAD_CONCENTRATIONS[case]
        with pytest.raises(ValueError, match="Received: ") as error:
            self.build(alpha=alpha)
        assert rule in str(error.value)


class CentroidModelBattery(ConcentrationBattery):
    """Tests to mix in to a `ClusteringModelBattery`, before it."""

    needs_weights: ClassVar = {
        "centroids": ("input",),
        "generate": (np.eye(3),),
        "interpolate": (0, 1, 3),
        "set_centroids": (np.eye(3),),
    }

    def test_centroids_are_the_images_of_the_unit_vectors(self, trained):
        expected = trained.centroid_map(np.eye(3, dtype="float32"))
        np.testing.assert_allclose(trained.centroids(), expected, rtol=1e-6)

    def test_decoded_centroids_lie_in_the_space_of_the_input(self, trained, rows):
        assert trained.centroids("input").shape == (3, *rows.shape[1:])
        with pytest.raises(ValueError, match=r"must be .latent. or .input.*Received: space='data'"):
            trained.centroids("data")

    def test_certain_memberships_generate_the_decoded_centroids(self, trained):
        expected = trained.centroids("input")
        np.testing.assert_allclose(trained.generate(np.eye(3)), expected, rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize("case", BAD_MEMBERSHIPS)
    def test_memberships_that_are_none_generate_nothing(self, trained, case):
        memberships, message = BAD_MEMBERSHIPS[case]
        with pytest.raises(ValueError, match=message):
            trained.generate(memberships)

    def test_interpolation_goes_from_one_centroid_to_the_other(self, trained):
        way, centroids = trained.interpolate(2, 0, steps=5), trained.centroids("input")
        assert len(way) == 5
        np.testing.assert_allclose(way[[0, -1]], centroids[[2, 0]], rtol=1e-5, atol=1e-6)
        middle = trained.generate([[0.5, 0.0, 0.5]])
        np.testing.assert_allclose(way[2:3], middle, rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize(
        ("ends", "message"),
        [
            ((3, 0, 5), r"`a` must be a cluster id from 0 to 2\. Received: a=3"),
            ((0, -1, 5), r"`b` must be a cluster id from 0 to 2\. Received: b=-1"),
            ((0, 1, 1), r"`steps` must be an integer of at least 2\. Received: steps=1"),
        ],
    )
    def test_interpolation_needs_two_clusters_and_two_steps(self, trained, ends, message):
        with pytest.raises(ValueError, match=message):
            trained.interpolate(*ends)

    def test_given_centroids_start_the_module(self, rows):
        model = self.build()
        model.build((None, rows.shape[1]))
        code_dim = model.centroids().shape[1]
        given = np.random.default_rng(0).normal(size=(3, code_dim))
        model.set_centroids(given)
        np.testing.assert_allclose(model.centroids(), given, rtol=1e-6)
        kernel, bias = model.assignment.get_weights()
        np.testing.assert_allclose(given @ kernel, np.eye(3), atol=1e-5)
        assert not bias.any()
        with pytest.raises(ValueError, match=r"`centroids` must have shape \(3, .*Received"):
            model.set_centroids(given[:2])

    def test_a_given_mixture_starts_the_module_with_its_posterior(self, rows):
        model = self.build()
        model.build((None, rows.shape[1]))
        rng = np.random.default_rng(0)
        dim = model.centroids().shape[1]
        means, shares = 100 + rng.normal(size=(3, dim)), np.array([0.8, 0.15, 0.05])
        model.set_mixture(means, 0.5, shares)
        np.testing.assert_allclose(model.centroids(), means, rtol=1e-6)
        codes = 100 + rng.normal(size=(20, dim))
        distances = np.square(codes[:, np.newaxis] - means).sum(axis=-1)
        densities = shares * np.exp(-distances / (2 * 0.5))
        expected = densities / densities.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(model.assignment(codes), expected, atol=1e-3)
        with pytest.raises(ValueError, match=r"`centroids` must have shape \(3, .*Received"):
            model.set_mixture(means[:2], 0.5, shares[:2])
        with pytest.raises(ValueError, match=r"`variance` must be .* above 0. Received: var"):
            model.set_mixture(means, 0.0, shares)
        with pytest.raises(ValueError, match=r"`shares` must be 3 positive numbers. Received"):
            model.set_mixture(means, 0.5, [0.5, 0.5, 0.0])

    def test_asymmetric_prior_does_not_depend_on_the_order_of_its_entries(self, rows):
        one, other = self.make(alpha=[2.0, 9.0, 4.0]), self.make(alpha=[9.0, 4.0, 2.0])
        for model in (one, other):
            model.fit(rows, epochs=2, verbose=0)
        np.testing.assert_array_equal(one.centroids(), other.centroids())
        assert one.alpha == (2.0, 9.0, 4.0)

    def test_larger_alpha_spreads_the_rows_more_evenly(self, rows):
        def smallest_share(alpha):
            model = self.make(alpha=alpha, optimizer="adam")
            model.fit(rows, epochs=20, verbose=0)
            return model.predict(rows, verbose=0).mean(axis=0).min()

        assert smallest_share(1000.0) > smallest_share(1.0)
