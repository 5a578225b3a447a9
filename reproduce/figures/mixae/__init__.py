"""Figures of "Deep unsupervised clustering using mixture of autoencoders"."""

# Figures 1 and 2 are left out: diagrams.
FIGURES = {
    3: "sample_grid",
    4: "latent_space",
    5: "covariances",
    6: "evolution",
    7: "stylistic_clusters",
}
