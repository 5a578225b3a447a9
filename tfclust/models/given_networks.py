"""Encoders and decoders that a user passes in."""

import math

import keras


class GivenNetworks:
    """Mix-in of models whose `encoder` and `decoder` may be Keras models of the user's."""

    def _take_networks(self, encoder, decoder):
        if (encoder is None) != (decoder is None):
            missing = "encoder" if encoder is None else "decoder"
            raise ValueError(
                f"`encoder` and `decoder` must be given together. Received: {missing}=None"
            )
        if encoder is not None:  # else `build` makes them
            self.encoder, self.decoder = encoder, decoder
        self._has_own_networks = encoder is None

    def _check_decoder(self, code_shape, sample_shape):
        """Raises ValueError where a given decoder gives more or fewer values than a row has."""
        given = tuple(self.decoder.compute_output_shape(code_shape))
        values = given[len(code_shape) - 1 :]
        if None not in values and math.prod(values) != math.prod(sample_shape):
            raise ValueError(
                "`decoder` must give as many values as a row has, of shape "
                f"{tuple(sample_shape)}. Received: a decoder of output shape {given}"
            )

    def _networks_config(self):
        """The networks where they were passed in; those that the model builds follow from sizes."""
        if self._has_own_networks:
            return {}
        networks = {"encoder": self.encoder, "decoder": self.decoder}
        return {k: keras.saving.serialize_keras_object(v) for k, v in networks.items()}

    @classmethod
    def from_config(cls, config):
        """The model that `config` describes."""
        networks = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in ("encoder", "decoder")
            if config.get(name) is not None
        }
        return cls(**{**config, **networks})
