from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import helper

from instrument.core.bar import Bar
from instrument.core.manifest import Tensor
from instrument.errors import ModelError
from instrument.model.onnx import OnnxBarModel, golden_inputs
from instrument.model.scripted import LATENT_DIM, STYLES, ScriptedBarModel, ScriptedPreset
from tests.model.nets import CONTRACT, PLANES, STEPS, changed, small_net, weights


def bars(model: OnnxBarModel | ScriptedBarModel, count: int = 8) -> list[Bar]:
    return [model.bar(*row) for row in zip(*golden_inputs(model.contract, count), strict=True)]


@pytest.fixture
def model() -> OnnxBarModel:
    return OnnxBarModel(small_net().SerializeToString(), CONTRACT)


def test_the_same_place_gives_the_same_bar(model: OnnxBarModel) -> None:
    again = OnnxBarModel(small_net().SerializeToString(), CONTRACT)
    for one, other in zip(bars(model), bars(again), strict=True):
        assert one.onset.shape == (PLANES, 9, STEPS)
        np.testing.assert_array_equal(one.onset, other.onset)
        np.testing.assert_array_equal(one.velocity, other.velocity)
        np.testing.assert_array_equal(one.offset, other.offset)


def test_a_bar_is_what_the_raw_outputs_say(model: OnnxBarModel) -> None:
    inputs = golden_inputs(CONTRACT, 16)
    onset, velocity, _ = model.outputs(*inputs)
    for k, bar in enumerate(bars(model, 16)):
        hit = bar.onset > 0
        np.testing.assert_array_equal(hit[0], onset[k, 0] > 0.5)
        np.testing.assert_allclose(bar.velocity[hit], velocity[k][hit], atol=1e-6)


def test_a_lower_threshold_sounds_more(model: OnnxBarModel) -> None:
    z, style, condition = (value[0] for value in golden_inputs(CONTRACT, 1))
    hits = [int(model.bar(z, style, condition, threshold).onset.sum()) for threshold in (0.9, 0.5, 0.1)]
    assert hits[0] < hits[1] < hits[2]


def test_inputs_that_do_not_fit_are_refused(model: OnnxBarModel) -> None:
    z, style, condition = (value[0] for value in golden_inputs(CONTRACT, 1))
    with pytest.raises(ModelError, match="z of shape"):
        model.bar(z[:-1], style, condition)
    with pytest.raises(ModelError, match="condition of shape"):
        model.bar(z, style, condition[:2])


def divide_by_zero(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(weights("nothing", np.zeros(1, np.float32)))
    model.graph.node[2].input[0] = "broken"
    model.graph.node.insert(2, helper.make_node("Div", ["logits", "nothing"], ["over"]))
    model.graph.node.insert(3, helper.make_node("Sub", ["over", "over"], ["broken"]))


def log_of_z(model: onnx.ModelProto) -> None:
    """Finite for a quiet z, and at no other: seen only when it plays."""
    model.graph.node[0].input[0] = "log"
    model.graph.initializer.append(weights("one", np.ones(1, np.float32)))
    model.graph.node.insert(0, helper.make_node("Add", ["z", "one"], ["above"]))
    model.graph.node.insert(1, helper.make_node("Log", ["above"], ["log"]))


def other_shape(model: onnx.ModelProto) -> None:
    """Declared as the manifest says; computed otherwise."""
    model.graph.initializer[2].CopyFrom(weights("shape", np.array([-1, PLANES, STEPS, 9], np.int64)))


def no_such_input(model: onnx.ModelProto) -> None:
    model.graph.node[1].input[0] = "nowhere"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (divide_by_zero, "not finite"),
        (other_shape, "has the shape|refuses"),
        (no_such_input, "refuses"),
    ],
)
def test_a_net_that_misbehaves_is_refused_at_load(
    change: object, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert callable(change)
    with pytest.raises(ModelError, match=words) as caught:
        OnnxBarModel(changed(change), CONTRACT)
    assert str(caught.value).isprintable()
    assert capfd.readouterr() == ("", "")


def test_a_number_that_is_not_finite_is_refused_at_the_bar_where_it_comes() -> None:
    model = OnnxBarModel(changed(log_of_z), CONTRACT)
    z, style, condition = (value[0] for value in golden_inputs(CONTRACT, 1))
    model.bar(np.abs(z), style, condition)
    with pytest.raises(ModelError, match="not finite"):
        model.bar(-10 * np.abs(z), style, condition)


@pytest.mark.parametrize(
    ("contract", "words"),
    [
        (replace(CONTRACT, kind="window"), "onset and velocity, or velocity"),
        (replace(CONTRACT, inputs=(*CONTRACT.inputs, Tensor(name="tap", shape=(16,)))), '"tap"'),
        (replace(CONTRACT, inputs=CONTRACT.inputs[1:]), "z among them"),
        (replace(CONTRACT, outputs=CONTRACT.outputs[:1]), "outputs must be"),
    ],
)
def test_a_contract_that_this_version_cannot_feed_is_refused(contract: object, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        OnnxBarModel(small_net().SerializeToString(), contract)  # type: ignore[arg-type]


def test_nothing_outside_the_net_is_read(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(str(tmp_path))
    OnnxBarModel(small_net().SerializeToString(), CONTRACT)
    assert os.listdir() == []  # noqa: PTH208


def test_golden_inputs_reach_the_ends_and_blend() -> None:
    z, style, condition = golden_inputs(CONTRACT, 256)
    np.testing.assert_allclose(style.sum(1), 1, atol=1e-6)
    assert ((style > 0).sum(1) > 1).any()
    assert condition[:, 0].min() >= 0
    assert condition[:, 0].max() <= 1
    assert np.abs(condition[:, 1:]).max() == 5
    assert np.abs(z).max() > 5


def test_the_twin_follows_its_conditions() -> None:
    model = ScriptedBarModel(1)
    z = np.random.default_rng(0).standard_normal((50, LATENT_DIM)).astype(np.float32)
    style = np.eye(len(STYLES), dtype=np.float32)[0]

    def hits(fill: float, density: float) -> float:
        condition = np.array([fill, density, 0], np.float32)
        return float(np.mean([model.bar(row, style, condition).onset.sum() for row in z]))

    assert hits(0, -2) < hits(0, 0) < hits(0, 2)
    assert hits(1, 0) > hits(0, 0)
    patterns = {model.bar(row, style, np.zeros(3, np.float32)).onset.tobytes() for row in z}
    assert len(patterns) > 25
    with pytest.raises(ModelError, match="doesn't fit"):
        model.bar(z[0, 1:], style, np.zeros(3, np.float32))


def test_the_twin_of_a_preset_has_epochs_that_differ() -> None:
    preset = ScriptedPreset()
    assert preset.resolve_epoch("best") == preset.epochs[-1]
    inputs = [value[0] for value in golden_inputs(preset.manifest.model, 1)]
    first, last = (preset.model(epoch).bar(*inputs) for epoch in (preset.epochs[0], preset.epochs[-1]))
    assert not np.array_equal(first.velocity, last.velocity)
