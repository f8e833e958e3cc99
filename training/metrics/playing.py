"""What a net is like to play: its bars in a row (`sets`) and its answers to the player (`steering`), in one go."""

from __future__ import annotations

from typing import Any

import torch

from training.examples import WindowExamples
from training.metrics.played import Played
from training.metrics.sets import enough, set_scores
from training.metrics.steering import flams, steering_scores


def played_scores(
    generator: Any, scored: Played, windows: tuple[WindowExamples, WindowExamples], styles: int
) -> dict[str, float]:
    """`scored` are bars of the generator; `windows` of four bars, to learn from and held out. Bars in a row are left
    out where there are too few real ones. The knobs are turned under the style that the data has most of."""
    train, tested = windows
    usual = int(torch.bincount(train.bars.style).argmax())
    return {
        **(set_scores(generator, train, tested, styles) if enough(train, tested) else {}),
        **steering_scores(generator, tested.bars, styles, usual),
        "flams": flams(scored, tested.bars.step_ticks),
    }
