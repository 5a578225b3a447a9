"""What the models with a Gaussian code on deterministic features share."""

from tfclust.checks import check_flat, check_integer, check_units, check_weight
from tfclust.models.generative import RowDecoder
from tfclust.networks import linear, normalized_network
from tfclust.randomness import layer_seeds


class GaussianCode(RowDecoder):
    """Mix-in of models that encode to `N(mu(f), diag sigma(f)^2)` on features `f = encoder(x)`.

    Attributes:
        encoder: Keras model, `(batch, d)` -> features `(batch, df)`.
        mean, log_variance: Dense, features -> `(batch, dz)`.
        from_code: Dense, z -> `(batch, df)`.
        decoder: Keras model, `(batch, df)` -> `(batch, d)`, logits where the loss is a
            cross-entropy.
    """

    PARTS = ("encoder", "decoder", "mean", "log_variance", "from_code")

    def _take_sizes(
        self,
        feature_dim,
        latent_dim,
        hidden_units,
        gaussian_weight,
        reconstruction_loss,
        normalize_features,
    ):
        self.feature_dim = check_integer("feature_dim", feature_dim, 2)
        self.latent_dim = check_integer("latent_dim", latent_dim, 1)
        self.hidden_units = check_units("hidden_units", hidden_units)
        self.gaussian_weight = check_weight("gaussian_weight", gaussian_weight)
        self.take_error(reconstruction_loss)
        self.normalize_features = bool(normalize_features)

    def _build_code(self, input_shape):
        """Creates the networks for inputs of shape `(batch, d)`; returns two more seeds."""
        check_flat(input_shape)
        encoder_seed, decoder_seed, *seeds = layer_seeds(self.seed, 7)
        size = self.feature_dim
        self.encoder = self._network(
            *("encoder", input_shape[-1], (*self.hidden_units, size), encoder_seed, self.dtype),
            hidden_output=self.normalize_features,
        )
        self.decoder = self._network(
            "decoder", size, (*reversed(self.hidden_units), input_shape[-1]), decoder_seed
        )
        self.mean = linear("mean", size, self.latent_dim, self.dtype, seeds[0])
        self.log_variance = linear("log_variance", size, self.latent_dim, self.dtype, seeds[1])
        # Without a bias, which the decoder's first normalization would take out again.
        self.from_code = linear(
            *("from_code", self.latent_dim, size, self.dtype, seeds[2]), use_bias=False
        )
        return seeds[3:]

    def _network(self, name, input_dim, units, seed, output_dtype=None, hidden_output=False):
        return normalized_network(
            input_dim,
            units,
            hidden_output=hidden_output,
            name=name,
            dtype=self.dtype_policy,
            output_dtype=output_dtype,
            seed=seed,
        )

    def _sizes_config(self):
        return {
            "feature_dim": self.feature_dim,
            "latent_dim": self.latent_dim,
            "hidden_units": self.hidden_units,
            "gaussian_weight": self.gaussian_weight,
            "reconstruction_loss": self.reconstruction_loss,
            "normalize_features": self.normalize_features,
        }
