"""Encoders out of ONNX files: from a bar to the place whose bar resembles it, for all epochs of a preset."""

from __future__ import annotations

import numpy as np

from instrument.core.bar import Bar, Floats
from instrument.core.manifest import EncoderContract, EncoderFile
from instrument.errors import ModelError
from instrument.model.contract import Encoded
from instrument.model.onnx import OnnxSession

BUSY = 0.13
"""The share of cells that sound in drummers' bars, in the golden ones."""


class OnnxEncoder(OnnxSession):
    """Keeps the contract of `Encoder`."""

    def __init__(self, data: bytes, contract: EncoderContract, entry: EncoderFile | None = None) -> None:
        """Looks into the file, loads it and runs it once. `entry`: which epoch is which; without it they are 0, 1, 2
        and so on. Raises ModelError, saying what is wrong with "it"."""
        super().__init__(data, contract)
        self.contract = contract
        self._entry = entry
        self.run(*golden_bars(contract, 1))

    def run(self, bar: Floats, epoch: Floats) -> tuple[Floats, ...]:
        """Many at once: bar [B, 3, H, V, T] and epoch [B, N] -> z [B, latent_dim], style [B, S], condition [B, 3]."""
        return self.feed({"bar": bar, "epoch": epoch})

    def encode(self, bar: Bar, epoch: int) -> Encoded:
        """See `Encoder.encode`. An epoch that it doesn't know is taken for the nearest that it does."""
        known = np.zeros((1, self.contract.epochs), np.float32)
        known[0, self._entry.input_of(epoch) if self._entry else epoch] = 1.0
        planes = np.stack([bar.onset, bar.velocity, bar.offset])
        if planes.shape != self.contract.inputs[0].shape:
            raise ModelError(f"a bar of shape {bar.onset.shape} doesn't fit the encoder")
        z, style, condition = (value[0] for value in self.run(planes[None], known))
        fill, density, energy = (float(value) for value in condition)
        return Encoded(z=z, style=style, fill=fill, density=density, energy=energy)


def golden_bars(contract: EncoderContract, count: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Bars [N, 3, H, V, T] and epochs [N, E] to try an encoder with: as busy as drummers', silent, and full; each epoch
    in turn. The same on every machine."""
    random = np.random.default_rng(seed)
    shape = (count, *contract.inputs[0].shape[1:])
    onset = random.random(shape) < BUSY
    onset[1::8], onset[2::8] = False, True
    velocity, offset = random.random(shape), random.uniform(-0.5, 0.5, shape)
    bars = np.stack([onset, velocity * onset, offset * onset], 1)
    epochs = np.eye(contract.epochs)[np.arange(count) % contract.epochs]
    return bars.astype(np.float32), epochs.astype(np.float32)
