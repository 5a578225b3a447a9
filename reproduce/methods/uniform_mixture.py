"""The isotropic baseline's mixture weights."""

from __future__ import annotations

import numpy as np
from sklearn.mixture import GaussianMixture


class UniformGaussianMixture(GaussianMixture):
    """A Gaussian mixture whose components keep equal weights (Sect. 5.1.3)."""

    def _m_step(self, x, log_resp, **kwargs):
        super()._m_step(x, log_resp, **kwargs)
        self.weights_ = np.full(self.n_components, 1.0 / self.n_components)
