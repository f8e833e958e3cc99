"""An encoder as a part of a preset: taught, exported, proved, and refused where it is not what the manifest says."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from export.build import export_run
from export.encoder import FILE, Lesson, prove_encoder
from export.parity import TOLERANCE
from instrument.core.drums import GM_KIT
from instrument.core.manifest import EncoderContract, Manifest
from instrument.errors import DataError, ModelError, UsageError
from instrument.model.bundle import install_preset
from instrument.model.contract import Encoded
from instrument.model.encoder import OnnxEncoder, golden_bars
from instrument.model.manifest_file import MANIFEST, encode_manifest, parse_manifest
from instrument.model.preset import Preset
from instrument.model.store import Places, check_preset, load_preset
from instrument.session.composer import Composer
from instrument.session.encoding import place_of
from instrument.session.knobs import Knobs
from tests.training.midi import write_folder
from tests.training.tiny import train
from training.encoding import Encoder, EncoderSchedule
from training.networks import NetworkShape
from training.recipes import load_recipe

NOWHERE = Places(shipped=Path("nowhere"), own=Path("nowhere"), cache=None)
SHORT = EncoderSchedule(steps=20, batch=8)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    train(write_folder(folder / "groove"), folder / "run", epochs=2)
    return folder


@pytest.fixture(scope="module")
def lesson(home: Path) -> Lesson:
    return Lesson(data=home / "groove", schedule=SHORT, cache=home / "cache")


@pytest.fixture(scope="module")
def preset(home: Path, lesson: Lesson) -> Path:
    export_run(home / "run", home / "tiny", lesson=lesson)
    return home / "tiny"


def first(preset: Path) -> tuple[Composer, Manifest]:
    source = load_preset(preset, NOWHERE)
    return Composer(source, GM_KIT, 7), source.manifest


def test_a_preset_with_an_encoder_passes_its_check(preset: Path) -> None:
    report = check_preset(preset, NOWHERE)
    assert report.ok, report
    assert report.encoder == ""
    assert report.strangers == ()


def test_the_manifest_says_which_epochs_it_knows_and_how_well(preset: Path) -> None:
    manifest = load_preset(preset, NOWHERE).manifest
    assert manifest.encoder is not None
    assert manifest.encoder.epochs == tuple(epoch.number for epoch in manifest.epochs) == (1, 2)
    assert manifest.encoder.bytes == (preset / FILE).stat().st_size
    assert manifest.encoder.parity <= TOLERANCE
    assert 0 <= manifest.encoder.scores["alone"] <= manifest.encoder.scores["onsets"] <= 1
    assert parse_manifest(encode_manifest(manifest), "x") == manifest


def test_the_same_run_and_data_give_the_same_bytes(home: Path, preset: Path, lesson: Lesson) -> None:
    export_run(home / "run", home / "again", name="tiny", lesson=lesson)
    for file in (FILE, MANIFEST):
        assert (home / "again" / file).read_bytes() == (preset / file).read_bytes()


def test_a_bar_that_was_played_becomes_knobs_of_that_preset(preset: Path) -> None:
    composer, manifest = first(preset)
    bar = composer.compose(0, Knobs(epoch=2, home=3)).given
    knobs = place_of(bar, composer, Knobs(epoch=2))
    assert knobs == place_of(bar, composer, Knobs(epoch=2))
    assert len(knobs.z) == manifest.model.latent_dim
    assert knobs.style in manifest.model.styles
    composer.compose(0, knobs)


def test_an_epoch_that_it_doesnt_know_is_taken_for_the_nearest(preset: Path) -> None:
    _, manifest = first(preset)
    assert manifest.encoder is not None
    entry = replace(manifest.encoder, epochs=(4, 10))
    assert [entry.input_of(epoch) for epoch in (0, 4, 7, 8, 99)] == [0, 0, 0, 1, 1]


def test_it_goes_with_the_preset_where_it_is_installed(preset: Path, tmp_path: Path) -> None:
    places = Places(shipped=tmp_path / "shipped", own=tmp_path / "own", cache=None)
    assert install_preset(preset, places).encoder() is not None
    shutil.copytree(preset, tmp_path / "half")
    (tmp_path / "half" / FILE).unlink()
    with pytest.raises(DataError, match=r"not whole: encoder\.onnx"):
        install_preset(tmp_path / "half", places)


def test_a_file_that_was_changed_is_refused_and_the_epochs_still_play(preset: Path, tmp_path: Path) -> None:
    shutil.copytree(preset, tmp_path / "bent")
    data = bytearray((tmp_path / "bent" / FILE).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "bent" / FILE).write_bytes(data)
    opened = Preset(tmp_path / "bent", trusted=True)
    with pytest.raises(ModelError, match=r"encoder\.onnx is not what preset\.toml says"):
        opened.encoder()
    composer = Composer(opened, GM_KIT, 7)
    bar = composer.compose(0, Knobs(epoch=2)).given
    with pytest.raises(ModelError, match=r"encoder\.onnx"):
        place_of(bar, composer, Knobs(epoch=2))
    assert "encoder.onnx" in (check_preset(tmp_path / "bent", NOWHERE).encoder or "")


@pytest.mark.parametrize("trusted", [True, False])
def test_a_net_of_another_shape_is_refused(preset: Path, tmp_path: Path, trusted: bool) -> None:
    source = load_preset(preset, NOWHERE)
    epoch = source.manifest.epochs[0]
    assert source.manifest.encoder is not None
    entry = replace(source.manifest.encoder, file=FILE, sha256=epoch.sha256, bytes=epoch.bytes)
    shutil.copytree(preset, tmp_path / "swapped")
    shutil.copyfile(preset / epoch.file, tmp_path / "swapped" / FILE)
    (tmp_path / "swapped" / MANIFEST).write_bytes(encode_manifest(replace(source.manifest, encoder=entry)))
    with pytest.raises(ModelError, match=r"encoder\.onnx can't be used: its inputs are"):
        Preset(tmp_path / "swapped", trusted=trusted).encoder()


def test_it_learns_from_the_runs_own_data_only(home: Path, lesson: Lesson) -> None:
    other = write_folder(home / "other", files=7)
    with pytest.raises(DataError, match=r"is not what .* was trained on"):
        export_run(home / "run", home / "wrong", lesson=replace(lesson, data=other))
    assert not (home / "wrong").exists()


def test_a_file_that_is_not_the_net_is_not_proved(preset: Path) -> None:
    source = load_preset(preset, NOWHERE)
    encoder, contract = source.encoder(), source.manifest.encoder_contract
    assert encoder is not None
    assert contract is not None
    shape = NetworkShape(
        styles=len(source.manifest.model.styles), latent_dim=source.manifest.model.latent_dim, code_dim=2
    )
    torch.manual_seed(0)
    with pytest.raises(ModelError, match="differ by"):
        prove_encoder(Encoder(shape, contract.epochs).eval(), encoder)


def test_many_bars_at_once_are_the_same_as_one_by_one(preset: Path) -> None:
    source = load_preset(preset, NOWHERE)
    encoder, contract = source.encoder(), source.manifest.encoder_contract
    assert isinstance(encoder, OnnxEncoder)
    assert isinstance(contract, EncoderContract)
    bars, epochs, styles = golden_bars(contract, 8)
    z, condition = encoder.run(bars, epochs, styles)
    assert z.shape == (8, source.manifest.model.latent_dim)
    assert condition.shape == (8, 3)
    found = encoder.encode(Composer(source, GM_KIT, 1).compose(0, Knobs(epoch=1)).given, 1)
    assert len(found) == len(source.manifest.model.styles)
    assert all(isinstance(place, Encoded) for place in found)


def test_windows_of_ticks_have_no_encoder(home: Path) -> None:
    small = ("generator_channels=8", "critic_channels=8", "mapping_dim=16", "latent_dim=6", "batch=8")
    recipe = load_recipe("ticks-1000", [*small, "epochs=1", "c2st_every=9", "metrics.bars=64"])
    train(home / "groove", home / "windows", recipe=recipe)
    with pytest.raises(UsageError, match="windows of ticks"):
        export_run(home / "windows", home / "out", lesson=Lesson(data=home / "groove", schedule=SHORT))
