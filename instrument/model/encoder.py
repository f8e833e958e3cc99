"""Encoders out of ONNX files: from a bar to places whose bars resemble it, for all epochs of a preset."""

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

    def run(self, *inputs: Floats) -> tuple[Floats, ...]:
        """Many at once: bar [B, 3, H, V, T], epoch [B, N] and style [B, S] -> z [B, latent_dim], condition [B, 3]."""
        return self.feed(dict(zip(("bar", "epoch", "style"), inputs, strict=True)))

    def encode(self, bar: Bar, epoch: int) -> tuple[Encoded, ...]:
        """See `Encoder.encode`. An epoch that it doesn't know is taken for the nearest that it does."""
        planes = np.stack([bar.onset, bar.velocity, bar.offset])
        if planes.shape != self.contract.inputs[0].shape:
            raise ModelError(f"a bar of shape {bar.onset.shape} doesn't fit the encoder")
        styles = len(self.contract.model.styles)
        known = np.zeros((styles, self.contract.epochs), np.float32)
        known[:, self._entry.input_of(epoch) if self._entry else epoch] = 1.0
        z, condition = self.run(np.repeat(planes[None], styles, 0), known, np.eye(styles, dtype=np.float32))
        return tuple(
            Encoded(z=z[style], style=style, fill=float(fill), density=float(density), energy=float(energy))
            for style, (fill, density, energy) in enumerate(condition)
        )


def golden_bars(contract: EncoderContract, count: int, seed: int = 0) -> tuple[Floats, Floats, Floats]:
    """Bars [N, 3, H, V, T], epochs [N, E] and styles [N, S] to try an encoder with: bars as busy as drummers', silent
    and full ones; epochs and styles in turn. The same on every machine."""
    random = np.random.default_rng(seed)
    shape = (count, *contract.inputs[0].shape[1:])
    onset = random.random(shape) < BUSY
    onset[1::8], onset[2::8] = False, True
    velocity, offset = random.random(shape), random.uniform(-0.5, 0.5, shape)
    bars = np.stack([onset, velocity * onset, offset * onset], 1)
    epochs, styles = (np.eye(size)[np.arange(count) % size] for size in (contract.epochs, len(contract.model.styles)))
    return bars.astype(np.float32), epochs.astype(np.float32), styles.astype(np.float32)
