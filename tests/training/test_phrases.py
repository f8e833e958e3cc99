"""Windows of successive bars: their data, latents, taps and steps, and a training of them from end to end."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from export.build import export_run
from instrument.core.bar import Bar
from instrument.core.drums import Voice
from instrument.errors import UsageError
from instrument.model.onnx import OnnxBarModel, golden_inputs
from instrument.model.preset import Preset
from tests.training.midi import groove, write_folder, write_info, write_midi
from tests.training.test_gan import STEP_TICKS, STYLES, real_bars
from tests.training.tiny import QUICK, SETTINGS, train
from training.batch import Batch, Sums
from training.cutting import BarCut
from training.dataset import SPLITS, Dataset
from training.directions import TAKEN, candidates, taken, ways
from training.examples import BarExamples, WindowExamples, held
from training.features import features, scales
from training.groove import NO_CACHE, load
from training.losses import tap_loss
from training.measures import MEASURES, measures
from training.metrics.steering import Asked
from training.networks import NetworkShape, from_critic
from training.parallel import Parallel
from training.phrase_gan import PhraseGan, window_latents
from training.recipes import Recipe, load_recipe
from training.runs import best_epoch, read_facts, read_recipe, read_stats
from training.snapshot import load_snapshot
from training.taps import ACCENT, tap_of
from training.train import LEAD_EPOCHS

BARS = 4
SHAPE = NetworkShape(styles=2, bars=BARS, latent_dim=12, code_dim=4, phrase_dim=7, walk_dim=2)


def tiny_phrases(*settings: str) -> Recipe:
    """Without a theme."""
    sizes = (
        "theme_dim=0",
        "phrase_dim=3",
        "walk_dim=1",
        "singles=8",
        "loss.code=0.02",
        "steer=0",
        "smooth=0",
        "match=0",
        "theme_from=1",
        "leanings=false",
        "loss.tap=0.5",
    )
    return load_recipe("phrase", [*SETTINGS, *QUICK, *sizes, "epochs=2", "lead=0", *settings])


def windows(count: int = 48) -> WindowExamples:
    """Two performances of half the bars each, and the last 8 bars alone."""
    bars = real_bars(count)
    place = torch.eye(BARS)[torch.arange(count) % BARS]
    bars = BarExamples(
        bars=bars.bars,
        style=torch.zeros(count, dtype=torch.int64),
        condition=torch.cat([bars.condition, place], 1),
        step_ticks=STEP_TICKS,
    )
    return WindowExamples(bars=bars, first=torch.arange(count - 11), singles=torch.arange(count - 8, count), length=4)


def phrase_gan(*settings: str, seed: int = 0) -> PhraseGan:
    return PhraseGan(tiny_phrases(*settings), STYLES, 24, seed, Parallel())


def drawn(gan: PhraseGan, rows: int = 16) -> Batch:
    return gan.draw(windows(), torch.arange(rows))


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """Files of 6, 2 and 9 bars, the fifth bar of the last one silent; and one of 4 to validate."""
    folder, rows = tmp_path / "files", []
    for number, bars in enumerate((6, 2, 9, 4)):
        strokes = groove(bars, number)
        if bars == 9:
            strokes = [stroke for stroke in strokes if not 4 * 1920 - 60 <= stroke[0] < 5 * 1920 - 60]
        write_midi(folder / f"{number}.mid", strokes)
        split = SPLITS[int(number == 3)]
        rows.append(["drummer1", "s", str(number), "rock", "100", "beat", "4-4", f"{number}.mid", "", "1.0", split])
    write_info(folder, rows)
    return load(folder, BarCut(), cache=NO_CACHE)


def test_a_window_is_successive_sounding_bars_of_one_performance(dataset: Dataset) -> None:
    part = features(dataset, "train", scales(dataset))
    found = WindowExamples.of(dataset, part, BARS)
    assert dataset.position[part.rows].tolist() == [*range(6), *range(2), *range(4), *range(5, 9)]
    assert found.first.tolist() == [0, 1, 2, 8, 12]
    assert found.singles.tolist() == [6, 7]
    bars = BarExamples.of(dataset, part).bars
    assert torch.equal(found.x(torch.tensor([4])).view(BARS, -1, 16), bars[12:16])


def test_a_condition_is_held_for_a_window_and_tells_the_place(dataset: Dataset) -> None:
    part = features(dataset, "train", scales(dataset))
    condition = held(dataset, part, BARS).condition
    assert condition[:, 3:].argmax(1).tolist() == [0, 1, 2, 3, 0, 1, 0, 1, 0, 1, 2, 3, 1, 2, 3, 0]
    own = part.condition
    for bar, first in ((0, 0), (1, 1), (2, 2), (5, 2), (8, 8), (11, 8), (15, 12)):
        np.testing.assert_allclose(condition[bar, 1:3], own[first : first + BARS, 1:].mean(0), atol=1e-6)
    np.testing.assert_array_equal(condition[6:8, :3], own[6:8])


def test_a_batch_holds_each_window_in_order_and_the_singles_beside_them() -> None:
    gan = phrase_gan("jitter=0", "jitter_end=0")
    examples, rows = windows(), torch.arange(16).flip(0)
    batch = gan.draw(examples, rows)
    assert batch.windows is not None
    assert batch.x.shape == (16 * BARS + 8, 54, 16)
    onsets = from_critic(batch.x)[batch.windows.flatten()].view(16, BARS, 54, 16)[:, :, :18]
    real = torch.stack([examples.x(row.view(1)).view(BARS, 54, 16)[:, :18] for row in rows])
    order = [int((real == window).flatten(1).all(1).nonzero()[0]) for window in onsets]
    assert sorted(order) == list(range(16))
    condition = batch.condition[batch.windows.flatten()].view(16, BARS, -1)
    places = condition[..., 3:].argmax(2)
    assert torch.equal(places, (places[:, :1] + torch.arange(BARS)) % BARS)
    assert torch.equal(condition[..., :3], condition[:, :1, :3].expand(-1, BARS, -1))
    z = batch.z[batch.windows.flatten()].view(16, BARS, -1)
    assert torch.equal(z[:, 0, :3], z[:, 3, :3])
    assert not torch.equal(z[:, 0, 3:], z[:, 3, 3:])


def test_the_bars_that_are_compared_come_from_different_windows() -> None:
    batch = drawn(phrase_gan())
    of = torch.full((len(batch.x),), -1)
    of[batch.windows] = torch.arange(16).unsqueeze(1)
    groups = of.view(8, -1).T
    alone = (groups == -1).any(1)
    assert int(alone.sum()) == 1
    assert all(len(set(group.tolist())) == 8 for group in groups[~alone])


def test_a_bar_part_walks_and_jumps_about_a_phrase_that_stays() -> None:
    z = window_latents(20_000, SHAPE, torch.Generator().manual_seed(0))
    assert z.shape == (20_000, BARS, 12)
    assert torch.equal(z[:, 0, :7], z[:, 3, :7])
    centred = z - z.mean(0)
    lags = [(centred[:, 0] * centred[:, k]).mean(0) for k in range(BARS)]
    for k, wanted in enumerate((1.0, 0.75, 0.5, 0.25)):
        torch.testing.assert_close(lags[k][7:9], torch.full((2,), wanted), atol=0.04, rtol=0)
        torch.testing.assert_close(lags[k][9:], torch.full((3,), float(k == 0)), atol=0.04, rtol=0)


def test_the_code_has_its_part_in_phrase_and_bar() -> None:
    assert SHAPE.code == [0, 1, 7, 8]
    assert NetworkShape(styles=2, code_dim=3).code == [0, 1, 2]


def test_a_tap_is_the_kick_and_the_accented_snare() -> None:
    x = torch.zeros((1, 3, 2, 9, 16))
    for voice, step, velocity, offset in (
        (Voice.KICK, 0, 0.6, 0.1),
        (Voice.SNARE, 0, 0.9, -0.2),
        (Voice.SNARE, 3, ACCENT - 0.1, 0.0),
        (Voice.KICK, 5, 0.2, 0.3),
        (Voice.RIDE, 7, 1.0, 0.0),
    ):
        x[0, :, 0, voice, step] = torch.tensor([1.0, velocity, offset])
    tap = tap_of(x.flatten(1, 3))[0]
    assert tap[0].nonzero().flatten().tolist() == [0, 5]
    assert tap[1, [0, 5]].tolist() == pytest.approx([0.9, 0.2])
    assert tap[2, [0, 5]].tolist() == pytest.approx([-0.4, 0.6])
    assert tap[3].tolist() == [1] * 16
    assert torch.count_nonzero(tap[1:3]) == 4


def test_the_tap_loss_is_for_those_that_were_given_one() -> None:
    given = torch.zeros((2, 4, 16))
    given[0, 0, 4], given[0, 1, 4], given[0, 3] = 1.0, 0.5, 1.0
    kept = torch.zeros((2, 4, 16))
    kept[1, 0] = 1.0
    assert float(tap_loss(kept, given)) == pytest.approx((1 + 0.25) / 16)
    kept[0, 0, 4], kept[0, 1, 4] = 1.0, 0.5
    assert float(tap_loss(kept, given)) == 0
    assert float(tap_loss(kept, torch.zeros_like(given))) == 0


def bar_with(*hits: tuple[int, int, float, float]) -> torch.Tensor:
    """A bar [1, 54, 16] of (voice, step, velocity, offset)."""
    x = torch.zeros((1, 3, 2, 9, 16))
    for voice, step, velocity, offset in hits:
        x[0, :, 0, voice, step] = torch.tensor([1.0, velocity, offset])
    return x.flatten(1, 3)


def test_a_bar_is_measured_by_what_players_have_a_name_for() -> None:
    x = bar_with(
        (Voice.KICK, 0, 0.9, 0.0),
        (Voice.SNARE, 4, 0.9, 0.0),
        (Voice.SNARE, 7, 0.1, 0.25),
        (Voice.OPEN_HAT, 2, 0.5, 0.05),
    )
    found = dict(zip(MEASURES, measures(x)[0].tolist(), strict=True))
    expected = [1, 2, 1, 0, 1, 0.3 / 4, 0.25 - 0.05 / 3]
    assert list(found.values()) == pytest.approx(expected)
    assert measures(torch.zeros((2, 54, 16))).abs().sum() == 0


def test_a_way_is_found_and_tried() -> None:
    class Straight:
        """Kicks as the second entry of z says."""

        class shape:  # noqa: N801
            latent_dim, places = 5, 0

        def forward_raw(self, z: torch.Tensor, *given: torch.Tensor) -> tuple[torch.Tensor, ...]:
            onset = torch.zeros((len(z), 2, 9, 16))
            onset[:, 0, Voice.KICK] = (torch.arange(16) < (8 + 2 * z[:, 1:2]).round()).float()
            return onset, onset, torch.zeros_like(onset)

    found = {way.name: way for way in ways(Asked(Straight(), 1, 0, STEP_TICKS))}
    assert set(found) == set(MEASURES)
    assert found["kick"].share == 1
    assert abs(found["kick"].vector[1]) > 0.99
    assert (found["kick"].low, found["kick"].high) == (2, 14)
    assert found["snare"].share == 0


def test_a_way_may_lie_between_the_slope_and_the_measures_own_entry() -> None:
    """Kicks rise with their own entry and with another, which then takes them back: the slope is led too far by it, and
    the entry alone is coarse."""

    class Bent:
        class shape:  # noqa: N801
            latent_dim, places, named = 8, 0, tuple(range(7))

        def forward_raw(self, z: torch.Tensor, *given: torch.Tensor) -> tuple[torch.Tensor, ...]:
            onset = torch.zeros((len(z), 2, 9, 16))
            count = 8 + 0.15 * z[:, :1] + 2.5 * torch.sin(1.2 * z[:, 7:])
            onset[:, 0, Voice.KICK] = (torch.arange(16) < count.round()).float()
            return onset, onset, torch.zeros_like(onset)

    ask = Asked(Bent(), 1, 0, STEP_TICKS)
    kick = ways(ask)[0]
    entry = np.eye(8, dtype=np.float32)[0]
    assert 0 < kick.vector[7] < 0.9
    assert kick.share > taken(ask, "kick", 0, entry, TAKEN).share


def test_a_way_of_a_theme_may_lead_where_it_strays_to_along_with_it() -> None:
    shape = NetworkShape(styles=1, latent_dim=32, phrase_dim=14, theme_dim=9, code_dim=0, bars=4)
    along = np.full(32, 32**-0.5, np.float32)
    both = [v for v in candidates(shape, MEASURES.index("swing"), along) if np.count_nonzero(v) == 2]
    assert len(both) == 1
    assert both[0][8] == pytest.approx(1 / 1.49**0.5)  # the last of the theme's nine
    assert both[0][14 + 8] == pytest.approx(0.7 / 1.49**0.5)
    assert all(np.linalg.norm(v) == pytest.approx(1) for v in candidates(shape, 0, along))
    alone = NetworkShape(styles=1, latent_dim=32)
    assert len(candidates(alone, 0, along)) == len(candidates(shape, 0, along)) - 2
    assert len(candidates(NetworkShape(styles=1, latent_dim=6, code_dim=2), 0, along[:6])) == 1


def test_a_lead_is_the_critics_alone() -> None:
    gan, sums = phrase_gan("lead=2"), Sums()
    before = [p.clone() for p in gan.G.parameters()]
    for step in range(3):
        same = all(torch.equal(a, b) for a, b in zip(before, gan.G.parameters(), strict=True))
        assert same == (step <= 2)
        gan.train_step(drawn(gan), sums)
    assert not all(torch.equal(a, b) for a, b in zip(before, gan.G.parameters(), strict=True))
    assert sums.counts["loss_d"] == 3
    assert sums.counts["loss_g"] == 1


def test_a_step_moves_every_net_and_tells_of_both_critics() -> None:
    gan, sums = phrase_gan(), Sums()
    before = {name: [p.clone() for p in net.parameters()] for name, net in gan._nets().items()}
    gan.train_step(drawn(gan), sums)
    gan.train_step(drawn(gan), sums)
    assert set(before) == {"G", "D", "Q", "W"}
    for name, net in gan._nets().items():
        assert any(not torch.equal(a, b) for a, b in zip(before[name], net.parameters(), strict=True)), name
    assert {"loss_d", "loss_w", "w_success", "penalty_w", "loss_g_w", "loss_tap"} <= set(sums.counts)


def test_a_state_goes_on_bit_for_bit() -> None:
    gan, other = phrase_gan(), phrase_gan(seed=5)
    gan.train_step(drawn(gan), Sums())
    other.restore(copy.deepcopy(gan.state()))
    for one in (gan, other):
        one.train_step(drawn(one), Sums())
    for name, net in gan._nets().items():
        for a, b in zip(net.parameters(), other._nets()[name].parameters(), strict=True):
            assert torch.equal(a, b), name


def test_without_taps_and_singles_it_learns_as_well() -> None:
    gan = phrase_gan("network.tap=false", "loss.tap=0", "singles=0")
    gan.train_step(drawn(gan), Sums())
    assert gan.G.tap is None


@pytest.mark.parametrize(
    "settings",
    [("data.bars=1",), ("phrase_dim=8",), ("network.tap=false",), ("data.bars=1", "phrase_dim=0", "walk_dim=0")],
)
def test_keys_that_do_not_fit_each_other_are_refused(settings: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        tiny_phrases(*settings)


def test_a_run_trains_resumes_and_exports(folder: Path, tmp_path: Path) -> None:
    run, whole = tmp_path / "run", tmp_path / "whole"
    train(folder, run, recipe=tiny_phrases("epochs=1"))
    train(folder, run, resume=True, epochs=2)
    assert [row["bars"] for row in read_stats(run)] == [4 * 8 * 4, 2 * 4 * 8 * 4]
    train(folder, whole, recipe=tiny_phrases("decay_from=1"), epochs=2)
    report = export_run(run, tmp_path / "preset", name="tiny")
    contract = report.manifest.model
    assert [tensor.name for tensor in contract.inputs] == ["z", "style", "condition", "place", "tap"]
    assert (contract.phrase_dim, contract.walk_dim, contract.bars) == (3, 1, BARS)
    model = Preset(tmp_path / "preset", trusted=False).model(2)
    assert isinstance(model, OnnxBarModel)
    z, style, condition, _, tap = (value[1] for value in golden_inputs(contract, 2))
    bars = [model.bar_at(index, z[None], style, condition, 0.3, tap=tap) for index in (0, 1, 4)]
    assert _same(bars[0], bars[2])


def _same(one: Bar, other: Bar) -> bool:
    return bool((one.onset == other.onset).all() and (one.velocity == other.velocity).all())


def test_a_training_begins_from_a_preset(folder: Path, tmp_path: Path) -> None:
    """A net of single bars makes a net of phrases: the same bars at first, whatever the place, and styles by name."""
    run = tmp_path / "run"
    train(folder, run, recipe=load_recipe("bar-small", [*SETTINGS, *QUICK, "epochs=1"]))
    preset = export_run(run, tmp_path / "tiny", name="tiny").folder
    other = write_folder(tmp_path / "other")
    begun = tmp_path / "begun"
    train(other, begun, recipe=tiny_phrases("epochs=1", "lr=1e-9", "lessons_from=0.5"), init=str(preset))
    assert read_facts(begun).data["init"] == "tiny, epoch 1"
    assert read_recipe(begun).schedule.lead == LEAD_EPOCHS * 4
    assert read_recipe(begun).schedule.lessons_from == 0.0
    z, style = torch.randn((4, 8)), torch.eye(2)[[0, 1, 0, 1]]
    condition = torch.randn((4, 3))
    with torch.no_grad():
        old = load_snapshot(run, 1).forward_raw(z, style, condition)  # type: ignore[operator]
        placed = torch.cat([condition, torch.eye(4)], 1)
        new = load_snapshot(begun, 1).forward_raw(z, style, placed, torch.zeros((4, 4, 16)))  # type: ignore[operator]
    for a, b in zip(old, new, strict=True):
        torch.testing.assert_close(a, b, atol=2e-3, rtol=0)


def test_a_training_goes_on_from_a_run_whose_epochs_come_first(folder: Path, tmp_path: Path) -> None:
    run, begun, straight = tmp_path / "bars", tmp_path / "phrases", tmp_path / "straight"
    train(folder, run, recipe=load_recipe("bar-small", [*SETTINGS, *QUICK, "epochs=3", "c2st_every=1"]))
    recipe = tiny_phrases("lr=1e-9", "c2st_every=1")
    train(folder, begun, recipe=recipe, init=f"{run}:2", epochs=1)
    result = train(folder, begun, resume=True, epochs=2)
    assert (result.epochs, result.best_epoch) == (4, max(3, result.best_epoch or 0))
    rows = read_stats(begun)
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
    assert [row | {"earlier": True} for row in read_stats(run)[:2]] == rows[:2]
    assert best_epoch(rows) in (3, 4)
    train(folder, straight, recipe=recipe, init=f"{run}:2", epochs=2)
    for epoch in (1, 2, 3, 4):
        state = [load_snapshot(place, epoch).state_dict() for place in (begun, straight)]
        assert all(torch.equal(state[0][name], state[1][name]) for name in state[0]), epoch
    z, style, condition = torch.randn((4, 8)), torch.eye(2)[[0, 1, 0, 1]], torch.randn((4, 3))
    placed = torch.cat([condition, torch.eye(4)], 1)
    for epoch in (1, 2):
        with torch.no_grad():
            old = load_snapshot(run, epoch).forward_raw(z, style, condition)  # type: ignore[operator]
            new = load_snapshot(begun, epoch).forward_raw(z, style, placed)  # type: ignore[operator]
        for a, b in zip(old, new, strict=True):
            torch.testing.assert_close(a, b)
    manifest = export_run(begun, tmp_path / "tiny", name="tiny", epochs=[2, 3]).manifest
    assert (manifest.best_epoch, len(manifest.epochs)) == (3, 2)
    with pytest.raises(UsageError, match="no snapshot of epoch 9"):
        train(folder, tmp_path / "other", recipe=recipe, init=f"{run}:9")


def test_a_preset_of_other_sizes_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="sizes under"):
        train(folder, tmp_path / "run", recipe=tiny_phrases(), init="groove")
    with pytest.raises(UsageError, match="one of them"):
        train(folder, tmp_path / "run", resume=True, init="groove")
