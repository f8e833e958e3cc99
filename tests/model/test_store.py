from __future__ import annotations

from pathlib import Path

import pytest

from instrument.errors import DataError, ModelError, UsageError
from instrument.model.manifest_file import MANIFEST
from instrument.model.probe import probe
from instrument.model.store import Places, check_preset, describe, list_presets, load_preset
from tests.model.nets import CONTRACT, changed, small_net, write_tiny
from tests.model.test_onnx import divide_by_zero


@pytest.fixture
def places(tmp_path: Path) -> Places:
    found = Places(shipped=tmp_path / "shipped", own=tmp_path / "own", cache=tmp_path / "cache")
    write_tiny(found.shipped / "groove")
    write_tiny(found.own / "mine")
    return found


def test_a_preset_is_found_by_name_and_by_path(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_preset("groove", places).trusted
    assert not load_preset("mine", places).trusted
    assert not load_preset(places.own / "mine", places).trusted
    assert load_preset(str(places.shipped / "groove"), places).trusted
    monkeypatch.chdir(places.own)
    assert load_preset("./mine", places).manifest.name == "mine"


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("groov", 'did you mean "groove"'),
        ("xyz", "there are: groove, mine"),
        ("../own/nothing", "no preset"),
        ("\x1b[2Jgroove", r"\[2Jgroove"),
    ],
)
def test_an_unknown_preset_is_told_with_the_nearest_and_the_list(places: Places, wanted: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        load_preset(wanted, places)
    assert str(caught.value).isprintable()


def test_a_folder_without_a_manifest_is_no_preset(places: Places) -> None:
    with pytest.raises(DataError, match=r"no preset\.toml"):
        load_preset(places.own, places)


def test_without_any_preset_it_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ghostnote export"):
        load_preset("groove", Places(shipped=tmp_path / "a", own=tmp_path / "b", cache=None))


def test_the_list_has_the_broken_ones_too(places: Places) -> None:
    (places.own / "broken").mkdir()
    (places.own / "broken" / MANIFEST).write_text("name = 3")
    (places.own / ".mine.trial").mkdir()
    (places.own / ".mine.trial" / MANIFEST).write_text("")
    rows = {row.name: row for row in list_presets(places)}
    assert list(rows) == ["groove", "broken", "mine"]
    assert rows["groove"].shipped
    assert rows["groove"].epochs == (1, 2)
    assert rows["groove"].problem == ""
    assert "broken" in rows["broken"].problem


def test_a_description_is_plain_data(places: Places) -> None:
    shown = describe(load_preset("groove", places))
    assert shown["styles"] == ["rock", "jazz"]
    assert [epoch["number"] for epoch in shown["epochs"]] == [1, 2]
    assert shown["epochs"][0]["scores"] == {"fd": 3.5}


def test_a_check_finds_the_epoch_that_fails_and_what_does_not_belong(places: Places) -> None:
    write_tiny(places.own / "mine", {1: small_net().SerializeToString(), 2: changed(divide_by_zero)})
    (places.own / "mine" / "virus.exe").write_bytes(b"x")
    report = check_preset("mine", places)
    assert not report.ok
    assert [bool(epoch.problem) for epoch in report.epochs] == [False, True]
    assert "not finite" in report.epochs[1].problem
    assert report.strangers == ("virus.exe",)
    assert check_preset("groove", places).ok


def test_a_strangers_net_is_tried_once_and_remembered(places: Places) -> None:
    assert places.cache is not None
    load_preset("mine", places).model(1)
    (verdict,) = (places.cache / "probed").iterdir()
    written = verdict.stat().st_mtime_ns
    load_preset("mine", places).model(1)
    assert verdict.stat().st_mtime_ns == written
    load_preset("groove", places).model(1)
    assert len(list((places.cache / "probed").iterdir())) == 1


def test_a_probe_refuses_in_words_and_remembers_nothing(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not finite"):
        probe(changed(divide_by_zero), CONTRACT, tmp_path)
    with pytest.raises(ModelError, match="not an ONNX file"):
        probe(b"\x08", CONTRACT, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_net_that_takes_too_much_memory_ends_its_own_process_only(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        probe(changed(doubling), CONTRACT, tmp_path)


def doubling(model: object) -> None:
    """Allowed operators, one by one harmless: x, x joined to x, ... thirty-eight times over."""
    import onnx
    from onnx import helper

    assert isinstance(model, onnx.ModelProto)
    nodes = [helper.make_node("Concat", ["z", "z"], ["d0"], axis=1)]
    nodes += [helper.make_node("Concat", [f"d{n}", f"d{n}"], [f"d{n + 1}"], axis=1) for n in range(36)]
    nodes += [helper.make_node("ReduceMean", ["d36"], ["mean"], keepdims=1)]
    nodes += [helper.make_node("Add", ["z", "mean"], ["moved"])]
    model.graph.node[0].input[0] = "moved"
    rest = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*nodes, *rest])
