"""The shipped encoder on bars that nobody has learnt from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from instrument.core.bar import Bar
from instrument.core.drums import GM_KIT
from instrument.model.nearest import likeness
from instrument.model.store import load_preset
from instrument.session.composer import Composer
from instrument.session.encoding import place_of
from instrument.session.knobs import Knobs
from training import groove
from training.cutting import BarCut

pytestmark = pytest.mark.gmd

BARS = 128
LEAST = 0.79
"""A little under what the LOG says of all held-out bars."""


@pytest.fixture(scope="module")
def played(gmd: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Bar]:
    data = groove.load(gmd, BarCut(), cache=tmp_path_factory.mktemp("cache"))
    rows = data.rows("validation")
    some = rows[np.linspace(0, len(rows) - 1, BARS).astype(np.intp)]
    return [Bar(onset=onset, velocity=velocity, offset=offset) for onset, velocity, offset in data.planes(some)]


def test_a_played_bar_has_a_place_whose_bar_resembles_it(played: list[Bar]) -> None:
    preset = load_preset("groove")
    composer = Composer(preset, GM_KIT, 7)
    knobs = Knobs(epoch=preset.resolve_epoch("best"))
    shares = [likeness(composer.compose(3, place_of(bar, composer, knobs)).given, bar) for bar in played]
    assert np.mean(shares) > LEAST
