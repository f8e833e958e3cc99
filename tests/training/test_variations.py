"""A net that varies the bars of another: what it is before it has learnt, what critics see, and a training of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from export.build import export_run
from export.encoder import Lesson
from instrument.core.latent import stray
from instrument.errors import ModelError, UsageError
from instrument.model.contract import ManyBars
from instrument.model.onnx import golden_inputs
from instrument.model.preset import Preset
from tests.training.test_phrases import drawn
from tests.training.tiny import QUICK, SETTINGS, train
from training.batch import Sums
from training.builders import build
from training.encoding import Encoder, EncoderSchedule
from training.networks import NetworkShape, window_channels
from training.parallel import Parallel
from training.phrase_gan import PhraseGan, differences
from training.recipes import Recipe, load_recipe
from training.snapshot import load_snapshot
from training.variations import STRAY, VariedGenerator

SIZES = ("latent_dim=24", "theme_dim=8", "phrase_dim=14", "singles=8", "epochs=2", "lead=0", "theme_from=1")


def tiny_variations(*settings: str) -> Recipe:
    return load_recipe("phrase", [*SETTINGS, *QUICK, *SIZES, "code_dim=0", *settings])


def tiny_bars() -> Recipe:
    return load_recipe("bar-small", [*SETTINGS, *QUICK, "epochs=1"])


@pytest.fixture
def varied() -> VariedGenerator:
    generator = build(tiny_variations(), 2, seed=1).G
    assert isinstance(generator, VariedGenerator)
    return generator.eval()


def placed(condition: torch.Tensor) -> torch.Tensor:
    return torch.cat([condition, torch.eye(4)[torch.arange(len(condition)) % 4]], 1)


@torch.no_grad()
def test_before_it_has_learnt_the_theme_strays(varied: VariedGenerator) -> None:
    z, style, condition = torch.randn((8, 24)), torch.eye(2)[[0, 1] * 4], torch.randn((8, 3))
    strayed = torch.from_numpy(stray(z[:, :8].numpy(), z[:, 14:22].numpy(), STRAY))
    wanted = varied.theme(strayed, style, condition)
    torch.testing.assert_close(varied(z, style, placed(condition)), wanted, atol=1e-5, rtol=1e-5)
    tap = torch.ones((8, 4, 16))
    torch.testing.assert_close(varied(z, style, placed(condition), tap), wanted, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_everything_it_is_told_can_change_a_bar(varied: VariedGenerator) -> None:
    torch.nn.init.normal_(varied.change.weight, std=0.3)
    z, style, condition = torch.randn((4, 24)), torch.eye(2)[[0, 1, 0, 1]], placed(torch.randn((4, 3)))
    none = torch.zeros((4, 4, 16))
    first = varied.logits(z, style, condition, none)
    torch.testing.assert_close(varied.logits(z, style, condition), first)
    for entry in range(24):  # the theme's, the phrase's own, the way the theme strays, noise
        moved = z.clone()
        moved[:, entry] += 1
        assert not torch.equal(varied.logits(moved, style, condition)[0], first[0]), entry
    others = (
        (style.flip(1), condition, none),
        (style, placed(condition[:, :3].flip(0)), none),
        (style, condition[[1, 0, 3, 2]], none),
        (style, condition, torch.ones((4, 4, 16))),
    )
    for given in others:
        assert not torch.equal(varied.logits(z, *given)[0], first[0])


def test_critics_teach_the_variations_and_leave_the_theme_alone() -> None:
    gan = PhraseGan(tiny_variations(), 2, 24, 0, Parallel())
    before = {name: value.clone() for name, value in gan.G.named_parameters()}
    for _ in range(3):
        gan.train_step(drawn(gan), Sums())
    for name, value in gan.G.named_parameters():
        assert torch.equal(value, before[name]) == name.startswith("theme."), name


def test_a_theme_learns_from_its_time_on() -> None:
    gan = PhraseGan(tiny_variations("theme_from=0.5"), 2, 24, 0, Parallel())
    assert isinstance(gan.G, VariedGenerator)
    for step, moves in ((11, False), (12, True), (11, False)):
        gan.step = step
        before = {name: value.clone() for name, value in gan.G.theme.named_parameters()}
        gan.train_step(drawn(gan), Sums())
        moved = [not torch.equal(value, before[name]) for name, value in gan.G.theme.named_parameters()]
        assert (all(moved), any(moved)) == (moves, moves), step


def test_windows_are_seen_with_their_differences() -> None:
    x = torch.zeros((1, 2, 3, 2, 9, 16))
    x[0, :, 0, 0, 1, 4] = 1  # both bars hit here, louder and earlier in the second
    x[0, :, 1, 0, 1, 4] = torch.tensor([0.5, 0.8])
    x[0, :, 2, 0, 1, 4] = torch.tensor([0.2, -0.1])
    x[0, 0, :, 0, 3, 7] = 1  # the first alone
    x[0, 1, :, 1, 1, 4] = 1  # a second hit is left out
    found = differences(x.view(1, 108, 16), 2).view(3, 9, 16)
    wanted = torch.zeros((3, 9, 16))
    wanted[0, 3, 7] = 1
    wanted[1, 1, 4], wanted[2, 1, 4] = 0.3, 0.3
    torch.testing.assert_close(found, wanted)
    assert differences(torch.zeros((3, 4 * 54, 16)), 4).shape == (3, 6 * 27, 16)
    assert window_channels(NetworkShape(styles=2, bars=4)) == 4 * 54 + 6 * 27


def test_a_training_begins_from_single_bars_and_another_from_it(folder: Path, tmp_path: Path) -> None:
    bars, run, again, back = (tmp_path / name for name in ("bars", "run", "again", "back"))
    train(folder, bars, recipe=tiny_bars())
    preset = export_run(bars, tmp_path / "tiny", name="tiny").folder
    train(folder, run, recipe=tiny_variations("lr=1e-9"), init=str(preset))
    theme, varied = load_snapshot(bars, 1).state_dict(), load_snapshot(run, 2).state_dict()
    for name, value in theme.items():
        torch.testing.assert_close(varied[f"theme.{name}"], value, atol=1e-3, rtol=1e-3)
    train(folder, again, recipe=tiny_variations("lr=1e-9", "epochs=1"), init=f"{run}:2")
    for name, value in load_snapshot(again, 3).state_dict().items():
        torch.testing.assert_close(value, varied[name], atol=1e-5, rtol=1e-5)
    train(folder, back, recipe=load_recipe("bar-small", [*SETTINGS, *QUICK, "epochs=1", "lr=1e-9"]), init=str(run))
    for name, value in load_snapshot(back, 3).state_dict().items():
        torch.testing.assert_close(value, theme[name], atol=1e-3, rtol=1e-3)


def test_epochs_share_the_file_of_their_theme(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, out = tmp_path / "run", tmp_path / "tiny"
    train(folder, tmp_path / "bars", recipe=tiny_bars())
    train(folder, run, recipe=tiny_variations("lr=0.01", "lead=1"), init=str(tmp_path / "bars"))
    monkeypatch.setattr("export.shared.WORTH_A_FILE", 10**6)
    alone = export_run(run, tmp_path / "alone", name="tiny", epochs=[2, 3])
    assert alone.manifest.shared is None
    monkeypatch.setattr("export.shared.WORTH_A_FILE", 1000)
    manifest = export_run(run, out, name="tiny", epochs=[2, 3]).manifest
    assert manifest.shared is not None
    assert all(a.bytes < b.bytes - 1000 for a, b in zip(manifest.epochs, alone.manifest.epochs, strict=True))
    given = [value[:1] for value in golden_inputs(manifest.model, 1)]
    for number in (2, 3):
        one, other = (Preset(tmp_path / name, trusted=False).model(number) for name in ("tiny", "alone"))
        for a, b in zip(one.run(*given), other.run(*given), strict=True):
            assert (a == b).all()
    again = tmp_path / "again"
    train(folder, again, recipe=tiny_variations("lr=1e-9", "epochs=1"), init=str(out))
    weights = load_snapshot(run, 3).state_dict()["theme.head.weight"]
    torch.testing.assert_close(load_snapshot(again, 1).state_dict()["theme.head.weight"], weights, atol=1e-3, rtol=0)
    shared = out / manifest.shared.file
    shared.write_bytes(shared.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match=r"shared\.onnx is not what"):
        Preset(out, trusted=True).model(2)


def test_an_epoch_whose_theme_has_learnt_shares_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, out = tmp_path / "run", tmp_path / "tiny"
    train(folder, tmp_path / "bars", recipe=tiny_bars())
    recipe = tiny_variations("lr=0.01", "lead=1", "epochs=3", "theme_from=0.66")
    train(folder, run, recipe=recipe, init=str(tmp_path / "bars"))
    monkeypatch.setattr("export.shared.WORTH_A_FILE", 1000)
    manifest = export_run(run, out, name="tiny", epochs=[2, 3, 4]).manifest
    assert manifest.shared is not None
    assert manifest.shared.epochs == (2, 3)
    assert Preset(out, trusted=False).manifest == manifest
    given = [value[:1] for value in golden_inputs(manifest.model, 1)]
    for number in (2, 3, 4):
        assert Preset(out, trusted=False).model(number).run(*given)


def test_there_is_nothing_to_vary_without_a_net_that_has_learnt(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--init groove"):
        train(folder, tmp_path / "run", recipe=tiny_variations())
    assert not (tmp_path / "run").exists()
    for settings in (("phrase_dim=5",), ("phrase_dim=20",), ("data.bars=1",)):
        with pytest.raises(UsageError):
            tiny_variations(*settings)


def test_its_encoder_finds_homes(folder: Path, tmp_path: Path) -> None:
    """What is each bar's own stays at nothing, in the answer and in the search."""
    run = tmp_path / "run"
    train(folder, tmp_path / "bars", recipe=tiny_bars())
    train(folder, run, recipe=tiny_variations("epochs=1"), init=str(tmp_path / "bars"))
    lesson = Lesson(data=folder, cache=tmp_path / "cache", schedule=EncoderSchedule(steps=3, batch=8))
    export_run(run, tmp_path / "tiny", name="tiny", epochs="best", lesson=lesson)
    preset = Preset(tmp_path / "tiny", trusted=False)
    encoder, model = preset.encoder(), preset.model(preset.manifest.best_epoch)
    assert encoder is not None
    assert isinstance(model, ManyBars)
    shape = load_snapshot(run, preset.manifest.best_epoch).shape
    assert isinstance(shape, NetworkShape)
    assert preset.manifest.shared is None  # of one epoch there is nothing to share
    z, _ = Encoder(shape, 1)(torch.ones((2, 3, 2, 9, 16)), torch.ones((2, 1)), torch.eye(2))
    assert z.shape == (2, 24)
    assert not z[:, 14:].any()
    assert z[:, :14].any()
