"""Beginning from a net that has learnt already: a preset's generator in the place of a fresh one.

The weights are those of an exported epoch, by the names that the export keeps. What the new recipe adds, places in the
phrase and a tap, begins at nothing, so that the first bars are the preset's; styles are matched by name, and one that
the preset doesn't know begins as the mean of those it does. Critics and code reader are fresh.
"""

from __future__ import annotations

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from instrument.errors import DataError, UsageError
from instrument.model.preset import read_net
from instrument.model.store import load_preset
from training.networks import CONDITIONS, Generator

PREFIX = "generator."
"""Of the names in an exported file: the player's wrapper."""

STYLE, MAPPING = "embedding.style.weight", "mapping.0.weight"


def warm_start(generator: Generator, styles: tuple[str, ...], wanted: str) -> str:
    """Fills the generator from `wanted`, a preset's name or folder, with `:EPOCH` for another than its best; gives what
    was taken, in words. Raises UsageError, DataError or ModelError for what can't be found, read or taken."""
    name, _, epoch = wanted.rpartition(":") if wanted.rpartition(":")[2].isdecimal() else (wanted, "", "best")
    preset = load_preset(name)
    number = preset.resolve_epoch(epoch)
    contract = preset.manifest.model
    if contract.kind != "bar":
        raise UsageError(f"--init {wanted}: a net of windows of ticks can't begin one of bars")
    weights = weights_of(read_net(preset.folder, preset.manifest.epoch(number)))
    state = generator.state_dict()
    taken = {key: value for key, value in weights.items() if key in state}
    if STYLE not in taken or MAPPING not in taken:
        raise DataError(f"--init {wanted}: its file doesn't name its weights as this version does")
    style_dim = taken[STYLE].shape[0]
    taken[STYLE] = by_style(taken[STYLE], contract.styles, styles)
    known = contract.latent_dim + style_dim + CONDITIONS
    taken[MAPPING] = widened(taken[MAPPING], state[MAPPING].shape[1], known)
    for key, value in taken.items():
        if value.shape != state[key].shape:
            raise UsageError(
                f"--init {wanted}: its {key} has the shape {list(value.shape)}, the recipe's {list(state[key].shape)};"
                " the sizes under [network] must be the same"
            )
    generator.load_state_dict(state | taken)
    return f"{preset.manifest.name}, epoch {number}"


def weights_of(data: bytes) -> dict[str, Tensor]:
    """The weights in an exported file by the generator's names, in float32."""
    found = {}
    for tensor in onnx.load_model_from_string(data).graph.initializer:
        if tensor.name.startswith(PREFIX):
            value = np.array(numpy_helper.to_array(tensor), np.float32)
            found[tensor.name.removeprefix(PREFIX).removesuffix(".half")] = torch.from_numpy(value)
    return found


def by_style(weight: Tensor, there: tuple[str, ...], wanted: tuple[str, ...]) -> Tensor:
    """An embedding [E, S] for other styles."""
    mean = weight.mean(1)
    columns = [weight[:, there.index(style)] if style in there else mean for style in wanted]
    return torch.stack(columns, 1)


def widened(weight: Tensor, width: int, known: int) -> Tensor:
    """Columns for z, style and the conditions that both nets know; zeros for what the wider net adds. Places in the
    phrase are kept where both have as many."""
    if weight.shape[1] == width:
        return weight
    kept = weight[:, :known]
    return torch.cat([kept, weight.new_zeros(len(kept), max(width - known, 0))], 1)
