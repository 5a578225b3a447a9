"""Figures of "Is simple better?: Revisiting simple generative models"."""

# Figures 1 and 2 are left out: diagrams.
FIGURES = {
    3: "gaussian_weight",
    4: "generated_images",
    5: "feature_space",
}
