"""Every model on scikit-learn's digits: `python -m tfclust.demo`."""
