from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.core.manifest import Manifest, Prior
from instrument.errors import DataError, ModelError, UsageError
from instrument.model.manifest_file import MANIFEST, encode_manifest, parse_manifest
from instrument.model.preset import Preset, write_preset
from tests.model.nets import manifest_of, small_net, write_tiny

FILES = {1: b"a", 2: b"b"}
GOOD = encode_manifest(manifest_of(FILES)).decode()


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    write_tiny(tmp_path / "tiny")
    return tmp_path / "tiny"


def test_a_manifest_comes_back_as_it_was_written() -> None:
    prior = Prior(style=(0, 1), density=(-0.25, 1e-7), energy=(3.0, -2.0), fill=(0.0, 1.0))
    manifest = replace(manifest_of(FILES), prior=prior, training={"seed": 7, "note": "x", "hours": 0.5})
    assert parse_manifest(encode_manifest(manifest), "x") == manifest


def test_unknown_keys_are_passed_over() -> None:
    assert parse_manifest(("colour = 'red'\n" + GOOD).encode(), "x") == manifest_of(FILES)


BAD = {
    "not TOML": ("name =", "not TOML"),
    "schema": (GOOD.replace("schema = 1", "schema = 9"), "schema 9"),
    "name missing": (GOOD.replace('name = "tiny"\n', "", 1), "name"),
    "name out of the folder": (GOOD.replace('name = "tiny"', 'name = "../tiny"', 1), "../tiny"),
    "file out of the folder": (GOOD.replace("epoch-001.onnx", "../../x.onnx"), "not a plain name"),
    "file absolute": (GOOD.replace("epoch-001.onnx", "/etc/x.onnx"), "not a plain name"),
    "file on the net": (GOOD.replace("epoch-001.onnx", "http://host/x.onnx"), "not a plain name"),
    "file of another kind": (GOOD.replace("epoch-001.onnx", "x.so"), "not a plain name"),
    "file twice": (GOOD.replace("epoch-001.onnx", "EPOCH-002.onnx"), "share a file"),
    "hash": (GOOD.replace('sha256 = "', 'sha256 = "x'), "64 hexadecimal"),
    "type": (GOOD.replace("latent_dim = 4", 'latent_dim = "4"'), "model.latent_dim"),
    "range": (GOOD.replace("latent_dim = 4", "latent_dim = 0"), "out of range"),
    "best": (GOOD.replace("best_epoch = 2", "best_epoch = 3"), "best_epoch 3"),
    "epoch twice": (GOOD.replace("number = 1", "number = 2"), "once each"),
    "knob": (GOOD.replace("-1.0,", "nan,", 1), "rising"),
    "shape": (GOOD.replace("    4,\n", "    4000000,\n", 1), "shape"),
    "score": (GOOD.replace("fd = 3.5", "fd = inf", 1), "scores"),
    "nested": ("a = " + "[" * 5000, "nested too deep|not TOML"),
    "not text": ("\udcff", "not TOML"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_manifest_that_is_wrong_is_told_in_one_line_with_the_file(case: str) -> None:
    text, words = BAD[case]
    assert text != GOOD
    with pytest.raises(DataError, match=words) as caught:
        parse_manifest(text.encode("utf-8", "surrogateescape"), "some/preset.toml")
    assert str(caught.value).startswith("some/preset.toml")
    assert str(caught.value).isprintable()


@given(st.text())
def test_whatever_stands_in_a_title_is_shown_inert(text: str) -> None:
    manifest = parse_manifest(encode_manifest(replace(manifest_of(FILES), title=text)), "x")
    assert all(mark.isprintable() for mark in manifest.title)


def test_an_epoch_is_loaded_once_also_by_many_threads(tiny: Path) -> None:
    preset = Preset(tiny, trusted=True)
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(preset.model(2))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({id(model) for model in found}) == 1


@pytest.mark.parametrize(("wanted", "number"), [("best", 2), ("1", 1), (" 2 ", 2), (1, 1)])
def test_an_epoch_is_found(tiny: Path, wanted: str | int, number: int) -> None:
    assert Preset(tiny, trusted=True).resolve_epoch(wanted) == number


@pytest.mark.parametrize(
    ("wanted", "words"),
    [("13", "nearest is 2"), (0, "nearest is 1"), ("-1", "neither"), ("worst", "neither"), ("²", "ne")],
)
def test_an_epoch_that_is_not_there_is_told_with_the_nearest(tiny: Path, wanted: str | int, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Preset(tiny, trusted=True).resolve_epoch(wanted)


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def link_elsewhere(path: Path) -> None:
    path.rename(path.parent.parent / "elsewhere.onnx")
    path.symlink_to(path.parent.parent / "elsewhere.onnx")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (flip_a_bit, "not what preset.toml says"),
        (link_elsewhere, "not a plain file"),
        (Path.unlink, "can't read"),
        (lambda path: path.write_bytes(b""), "not what preset.toml says"),
    ],
)
def test_a_file_that_is_not_what_the_manifest_says_is_refused(tiny: Path, damage: object, words: str) -> None:
    assert callable(damage)
    damage(tiny / "epoch-001.onnx")
    preset = Preset(tiny, trusted=True)
    with pytest.raises((DataError, ModelError), match=words) as caught:
        preset.model(1)
    assert "epoch-001.onnx" in str(caught.value)
    assert preset.model(2) is preset.model(2)


def test_a_manifest_that_is_a_link_is_refused(tiny: Path) -> None:
    link_elsewhere(tiny / MANIFEST)
    with pytest.raises(DataError, match="not a plain file"):
        Preset(tiny, trusted=True)


def test_a_preset_is_replaced_whole_and_keeps_its_prose(tiny: Path) -> None:
    (tiny / "README.md").write_text("kept")
    data = small_net(3).SerializeToString()
    write_tiny(tiny, {7: data})
    assert sorted(path.name for path in tiny.iterdir()) == ["README.md", "epoch-007.onnx", MANIFEST]
    assert Preset(tiny, trusted=True).epochs == (7,)
    assert [path.name for path in tiny.parent.iterdir()] == ["tiny"]


def test_a_folder_with_other_things_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "song.mid").write_bytes(b"x")
    with pytest.raises(DataError, match="other things"):
        write_tiny(tmp_path / "mine")
    with pytest.raises(DataError, match="no preset"):
        write_tiny(tmp_path / "mine" / "song.mid", name="song")
    assert (tmp_path / "mine" / "song.mid").read_bytes() == b"x"


def test_files_and_manifest_must_fit(tmp_path: Path) -> None:
    manifest: Manifest = manifest_of(FILES)
    with pytest.raises(ValueError, match="the manifest names"):
        write_preset(manifest, {"epoch-001.onnx": b"a"}, tmp_path / "out")
    assert not (tmp_path / "out").exists()
