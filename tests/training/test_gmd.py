"""The counts that the Groove MIDI Dataset must come to, at 16 steps and two hit planes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from instrument.core.drums import Voice
from training import features, groove
from training.cutting import BarCut
from training.dataset import Dataset

pytestmark = pytest.mark.gmd


@pytest.fixture(scope="module")
def data(gmd: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return groove.load(gmd, BarCut(), cache=tmp_path_factory.mktemp("cache"))


def test_every_file_is_read_or_named_with_its_reason(gmd: Path, data: Dataset) -> None:
    report = data.report
    reasons = Counter(skip.reason for skip in report.skipped)
    assert reasons == {"in 3/4, not 4/4": 5, "in 5/4, not 4/4": 1, "in 5/8, not 4/4": 1, "in 6/8, not 4/4": 5}
    named = {*data.files, *(skip.file for skip in report.skipped)}
    assert named == {path.relative_to(gmd).as_posix() for path in gmd.rglob("*.mid")}
    assert len(named) == report.files + 12 == 1_021


def test_the_windows_of_each_split(data: Dataset) -> None:
    assert data.windows() == {"train": 17_424, "validation": 2_177, "test": 0}
    assert [len(data.rows(split)) for split in ("train", "validation")] == [17_416, 2_176]
    kinds = Counter(zip(data.split.tolist(), data.fill.tolist(), strict=True))
    assert kinds == {(0, False): 16_709, (0, True): 715, (1, False): 2_071, (1, True): 106}


def test_all_notes_have_a_voice_and_few_find_no_cell(data: Dataset) -> None:
    # One more note is in the files: it never ends, so the parser leaves it out.
    assert data.report.notes == 389_710
    assert data.report.unmapped == 0
    assert data.report.lost == 3_449
    assert round(100 * data.report.lost / data.report.notes, 2) == 0.89


def test_one_hit_plane_alone_would_lose_seven_in_a_hundred(data: Dataset) -> None:
    second = int((data.velocity[:, 1] > 0).sum())
    assert round(100 * (second + data.report.lost) / data.report.notes, 2) == 7.04


def test_the_styles_by_bars(data: Dataset) -> None:
    train = data.rows("train")
    bars = Counter(data.styles[index] for index in data.style[train])
    assert len(data.styles) == 18
    assert bars.most_common(4) == [("rock", 5_663), ("latin", 2_850), ("jazz", 2_163), ("funk", 1_729)]
    assert min(bars.items(), key=lambda item: item[1]) == ("gospel", 13)


def test_the_voices_sound_as_often_and_as_loud_as_measured(data: Dataset) -> None:
    velocity = data.velocity[data.rows("train"), 0]
    onset = velocity > 0
    share = 100 * onset.sum((0, 2)) / onset.sum()
    assert np.round(share, 1).tolist() == [19.8, 27.8, 26.5, 3.4, 2.7, 1.3, 3.6, 1.5, 13.4]
    loud = [round(float(velocity[:, voice][onset[:, voice]].mean())) for voice in (Voice.KICK, Voice.SNARE)]
    assert loud == [61, 72]
    assert np.quantile(onset.sum((1, 2)), [0.05, 0.5, 0.95]).tolist() == [8, 18, 29]


def test_the_prior_is_drawn_from_beats(data: Dataset) -> None:
    train = features.features(data, "train", features.scales(data))
    prior = features.prior(train)
    assert len(prior) == features.PRIOR_ROWS
    assert set(prior.fill) == {0.0}
    assert abs(train.condition[:, 1:].mean(0)).max() < 1e-4
    assert abs(train.condition[:, 1:].std(0) - 1).max() < 1e-4
