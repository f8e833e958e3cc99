from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from export.build import bar_contract, export_run, run_contract
from export.graph import METADATA_PREFIX, encode, to_onnx, with_weights
from export.half import rounded
from export.parity import GOLDEN, TOLERANCE, prove
from instrument.core.manifest import ModelContract
from instrument.errors import DataError, ModelError, UsageError
from instrument.model.onnx import OnnxBarModel, golden_inputs
from instrument.model.store import Places, check_preset, load_preset
from tests.export.runs import STYLES, tiny_generator, write_run
from training.measures import MEASURES
from training.networks import PlayableGenerator

NOWHERE = Places(shipped=Path("nowhere"), own=Path("nowhere"), cache=None)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("training") / "run")


@pytest.fixture(scope="module")
def preset(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "Tiny Groove"
    export_run(run, out)
    return out


@pytest.fixture(scope="module")
def contract() -> ModelContract:
    return bar_contract(tiny_generator(1).shape, STYLES)


@pytest.fixture(scope="module")
def graph(contract: ModelContract) -> onnx.ModelProto:
    return to_onnx(PlayableGenerator(tiny_generator(1)), contract)


def test_a_run_becomes_a_preset_that_passes_its_check(preset: Path) -> None:
    report = check_preset(preset, NOWHERE)
    assert report.ok, report
    assert report.strangers == ()
    assert [epoch.number for epoch in report.epochs] == [1, 2, 10]


def test_the_manifest_says_what_a_player_needs(run: Path, preset: Path) -> None:
    manifest = load_preset(preset, NOWHERE).manifest
    assert manifest.name == "tiny-groove"
    assert manifest.best_epoch == 2
    assert manifest.model == run_contract(run)
    assert manifest.model.styles == STYLES
    assert len(manifest.prior) == 3
    assert "Groove MIDI Dataset" in manifest.attribution
    scores = manifest.epoch(2).scores
    ways = {name for name in scores if name.startswith("way ")}
    assert {name: scores[name] for name in scores if name not in ways} == {"c2st": 0.6, "fd": 3.0}
    assert ways == {f"way {name}" for name in MEASURES}
    assert {d.name for d in manifest.epoch(2).directions} <= set(MEASURES)
    assert manifest.training["bars"] == 640
    assert all(epoch.parity <= TOLERANCE for epoch in manifest.epochs)


def test_a_file_says_for_itself_what_it_is(preset: Path) -> None:
    model = onnx.load(preset / "epoch-010.onnx")
    said = {entry.key.removeprefix(METADATA_PREFIX): json.loads(entry.value) for entry in model.metadata_props}
    assert said["epoch"] == 10
    assert said["preset"] == "tiny-groove"
    assert said["contract"]["styles"] == list(STYLES)


def test_a_file_says_nothing_about_the_machine_it_was_made_on(preset: Path) -> None:
    data = (preset / "epoch-001.onnx").read_bytes()
    for trace in (b".py", b"site-packages", str(Path.cwd()).encode(), b"torch"):
        assert trace not in data


@pytest.mark.parametrize("epoch", [1, 2, 10])
def test_each_epoch_plays_the_rounded_weights_of_its_snapshot(preset: Path, epoch: int) -> None:
    inputs = golden_inputs(bar := load_preset(preset, NOWHERE).manifest.model, 8)
    found = load_preset(preset, NOWHERE).model(epoch).run(*inputs)
    with torch.no_grad():
        net = rounded(PlayableGenerator(tiny_generator(epoch)))
        wanted = net(*(torch.from_numpy(value) for value in inputs))
    assert bar.latent_dim == 6
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b.numpy(), atol=TOLERANCE)


def test_the_same_run_gives_the_same_bytes(run: Path, preset: Path, tmp_path: Path) -> None:
    export_run(run, tmp_path / "again", epochs=[2, 10], name="tiny-groove")
    # made from the graph of another epoch than the first time
    assert (tmp_path / "again" / "epoch-002.onnx").read_bytes() == (preset / "epoch-002.onnx").read_bytes()


def test_the_best_epoch_alone(run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    steps: list[tuple[int, int]] = []
    report = export_run(run, tmp_path / "best", epochs="best", progress=lambda done, all_: steps.append((done, all_)))
    assert [epoch.number for epoch in report.manifest.epochs] == [2]
    assert report.parity[2].cells == GOLDEN * 2 * 9 * 16
    assert steps == [(0, 1), (1, 1)]
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("epochs", "name", "words"),
    [([3], None, "no snapshot of epoch 3"), ([], None, "no snapshot"), ([1], "../x", "can't name a preset")],
)
def test_what_is_asked_wrongly_writes_nothing(
    run: Path, tmp_path: Path, epochs: list[int], name: str | None, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        export_run(run, tmp_path / "out", epochs=epochs, name=name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no training run"):
        export_run(tmp_path / "nothing", tmp_path / "out")


def test_an_output_that_cannot_be_written_is_told_before_anything_is_exported(run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for out in (tmp_path / "file", tmp_path / "file" / "preset"):
        with pytest.raises(DataError, match="file"):
            export_run(run, out, progress=lambda done, all_: pytest.fail("began to export"))
    assert (tmp_path / "file").read_bytes() == b""


def test_a_damaged_snapshot_writes_nothing(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", (1, 2))
    path = run / "snapshots" / "epoch-0002.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(DataError, match="epoch-0002"):
        export_run(run, tmp_path / "out")
    assert [item.name for item in tmp_path.iterdir()] == ["run"]


class Perturbed(nn.Module):
    """The net with its onsets moved a little."""

    def __init__(self, net: nn.Module, by: float) -> None:
        super().__init__()
        self.net, self.by = net, by

    def forward(self, z: Tensor, style: Tensor, condition: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        onset, velocity, offset = self.net(z, style, condition)
        return onset + self.by, velocity, offset


def test_parity_holds_for_the_net_itself_and_fails_for_one_beside_it(
    graph: onnx.ModelProto, contract: ModelContract
) -> None:
    net = PlayableGenerator(tiny_generator(1))
    model = OnnxBarModel(encode(graph, contract, {}), contract)
    proof = prove(net, model)
    assert proof.difference < TOLERANCE
    assert proof.flips == 0
    for by in (2 * TOLERANCE, -2 * TOLERANCE):
        with pytest.raises(ModelError, match="differ by"):
            prove(Perturbed(net, by), model)
    with pytest.raises(ModelError, match="differ by"):
        prove(PlayableGenerator(tiny_generator(2)), model)


def test_an_onset_that_flips_fails_even_within_the_tolerance(contract: ModelContract) -> None:
    """A net whose onsets all stand just above the threshold, against one with them just below."""
    above, below = Level(contract, 0.50004), Level(contract, 0.49996)
    model = OnnxBarModel(encode(to_onnx(above, contract), contract, {}), contract)
    assert prove(above, model).flips == 0
    with pytest.raises(ModelError, match=f"{GOLDEN * 2 * 9 * 16} onsets flipped"):
        prove(below, model)


class Level(nn.Module):
    """Every onset at one probability, whatever goes in."""

    def __init__(self, contract: ModelContract, level: float) -> None:
        super().__init__()
        self.planes = (-1, contract.planes, contract.voices, contract.steps)
        self.mix = nn.Linear(contract.latent_dim + len(contract.styles) + 3, contract.planes * 9 * contract.steps)
        self.level = level

    def forward(self, z: Tensor, style: Tensor, condition: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mixed = torch.sigmoid(self.mix(torch.cat([z, style, condition], 1)))
        flat = torch.clamp(mixed, self.level, self.level)
        return tuple(plane.reshape(self.planes) for plane in (flat, mixed, mixed))  # type: ignore[return-value]


def test_weights_of_another_net_are_not_put_into_a_graph(graph: onnx.ModelProto) -> None:
    state = PlayableGenerator(tiny_generator(3)).state_dict()
    assert with_weights(graph, state) is not None
    assert with_weights(graph, {**state, "extra": torch.zeros(1)}) is None
    name = next(iter(state))
    assert with_weights(graph, {**state, name: torch.zeros(1, 1)}) is None
