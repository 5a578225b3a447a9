"""Figures of "Joint optimization of an autoencoder for clustering and embedding"."""

# Figures 2 and 5 are left out: a diagram, and projections by UMAP, which is no dependency.
FIGURES = {
    1: "centroid_dispersion",
    3: "training_curves",
    4: "number_of_clusters",
    6: "decoded_centroids",
    7: "interpolations",
    8: "toy_datasets",
    9: "batch_size_and_concentration",
    10: "asymmetric_prior",
    11: "merging_term",
    12: "beta_and_lambda",
}
