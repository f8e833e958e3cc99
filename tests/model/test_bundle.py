"""Presets of strangers: whatever a zip or a folder holds, nothing is written but a preset that was tried."""

from __future__ import annotations

import io
import stat
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from instrument.errors import DataError, GhostnoteError, UsageError
from instrument.model import bundle
from instrument.model.bundle import install_preset, read_zip
from instrument.model.manifest_file import MANIFEST, encode_manifest
from instrument.model.store import Places, list_presets, load_preset
from tests.model.nets import changed, manifest_of, small_net, write_tiny
from tests.model.test_onnx import divide_by_zero

NET = small_net().SerializeToString()
FILES = {MANIFEST: encode_manifest(manifest_of({1: NET})), "epoch-001.onnx": NET}


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(shipped=tmp_path / "shipped", own=tmp_path / "own", cache=tmp_path / "cache")


def zipped(path: Path, files: dict[str, bytes], *more: tuple[zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        for entry, data in more:
            archive.writestr(entry, data)
    return path


def test_a_folder_is_installed(tmp_path: Path, places: Places) -> None:
    write_tiny(tmp_path / "from" / "tiny")
    (tmp_path / "from" / "tiny" / "README.md").write_text("words")
    (tmp_path / "from" / "tiny" / "other.bin").write_bytes(b"left behind")
    preset = install_preset(tmp_path / "from" / "tiny", places)
    assert preset.folder == places.own / "tiny"
    names = sorted(path.name for path in preset.folder.iterdir())
    assert names == ["README.md", "epoch-001.onnx", "epoch-002.onnx", MANIFEST]
    assert [path.name for path in places.own.iterdir()] == ["tiny"]
    assert load_preset("tiny", places).model(1)


@pytest.mark.parametrize("top", ["", "some-folder/"])
def test_a_zip_is_installed_with_and_without_a_folder_in_it(tmp_path: Path, places: Places, top: str) -> None:
    path = zipped(tmp_path / "tiny.zip", {top + name: data for name, data in FILES.items()})
    assert install_preset(path, places).epochs == (1,)
    assert [row.name for row in list_presets(places)] == ["tiny"]


def link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("epoch-002.onnx")
    entry.create_system = 3
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


HOSTILE_NAMES = {
    "up": ("../x.onnx", "leads out"),
    "up inside": ("a/../../x.onnx", "leads out"),
    "absolute": ("/etc/cron.d/x", "leads out"),
    "backslash": ("..\\x.onnx", "no file should have"),
    "drive": ("C:x.onnx", "no file should have"),
    "stream": ("preset.toml:more", "no file should have"),
    "device": ("CON", "device"),
    "device with an ending": ("a/com1.onnx", "device"),
    "dot at the end": ("preset.toml.", "device"),
    "control character": ("x\x1b[2J.onnx", "no file should have"),
    "twice": ("epoch-001.onnx", "twice"),
    "twice but for case": ("EPOCH-001.onnx", "twice"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("case", HOSTILE_NAMES)
def test_a_zip_with_a_hostile_name_is_refused_whole(tmp_path: Path, places: Places, case: str) -> None:
    name, words = HOSTILE_NAMES[case]
    path = zipped(tmp_path / "x.zip", FILES, (zipfile.ZipInfo(name), b"x"))
    with pytest.raises(DataError, match=words) as caught:
        install_preset(path, places)
    assert str(caught.value).isprintable()
    assert sorted(item.name for item in tmp_path.iterdir()) == ["x.zip"]


def test_a_name_with_a_nul_is_refused(tmp_path: Path, places: Places) -> None:
    path = zipped(tmp_path / "x.zip", FILES | {"goodXname.onnx": b""})
    path.write_bytes(path.read_bytes().replace(b"goodXname", b"good\0name"))
    with pytest.raises(DataError):
        install_preset(path, places)


def test_a_link_in_a_zip_is_refused(tmp_path: Path, places: Places) -> None:
    with pytest.raises(DataError, match="link"):
        install_preset(zipped(tmp_path / "x.zip", FILES, (link(), b"/etc/passwd")), places)


def test_a_link_in_a_folder_is_refused(tmp_path: Path, places: Places) -> None:
    write_tiny(tmp_path / "tiny")
    (tmp_path / "tiny" / "epoch-001.onnx").unlink()
    (tmp_path / "tiny" / "epoch-001.onnx").symlink_to("/etc/passwd")
    with pytest.raises(DataError, match="not a plain file"):
        install_preset(tmp_path / "tiny", places)


def test_bombs_are_refused(tmp_path: Path, places: Places) -> None:
    many = {f"page{n}.md": b"" for n in range(bundle.MOST_ENTRIES)}
    with pytest.raises(DataError, match="entries"):
        install_preset(zipped(tmp_path / "many.zip", FILES | many), places)
    large = {f"{n}.onnx": bytes(12 * 2**20) for n in range(6)}
    with pytest.raises(DataError, match="more than 64 MiB"):
        install_preset(zipped(tmp_path / "large.zip", FILES | large), places)
    with pytest.raises(DataError, match="too large"):
        install_preset(zipped(tmp_path / "page.zip", FILES | {"a.md": bytes(2**20)}), places)
    assert not places.own.exists()


def test_a_size_that_lies_is_not_believed(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a.onnx": bytes(20 * 2**20)})
    size, lie = (20 * 2**20).to_bytes(4, "little"), (100).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(size, lie))
    with pytest.raises(DataError):
        read_zip(path)


def test_a_damaged_zip_is_refused(tmp_path: Path, places: Places) -> None:
    whole = zipped(tmp_path / "x.zip", FILES).read_bytes()
    for data in (b"", b"PK", whole[: len(whole) // 2], whole[: len(whole) // 3] + whole[len(whole) // 2 :]):
        (tmp_path / "x.zip").write_bytes(data)
        with pytest.raises(DataError):
            install_preset(tmp_path / "x.zip", places)
    assert not places.own.exists()


def test_what_was_installed_stays_when_the_next_one_fails(tmp_path: Path, places: Places) -> None:
    install_preset(zipped(tmp_path / "x.zip", FILES), places)
    broken = changed(divide_by_zero)
    files = {MANIFEST: encode_manifest(manifest_of({1: broken})), "epoch-001.onnx": broken}
    with pytest.raises(DataError, match="not finite"):
        install_preset(zipped(tmp_path / "y.zip", files), places)
    assert load_preset("tiny", places).model(1)
    assert [path.name for path in places.own.iterdir()] == ["tiny"]


@pytest.mark.parametrize("lost", [MANIFEST, "epoch-001.onnx"])
def test_a_preset_that_is_not_whole_is_refused(tmp_path: Path, places: Places, lost: str) -> None:
    files = {name: data for name, data in FILES.items() if name != lost}
    with pytest.raises(DataError, match=lost):
        install_preset(zipped(tmp_path / "x.zip", files), places)


def test_the_name_of_a_shipped_preset_or_of_a_device_is_taken(tmp_path: Path, places: Places) -> None:
    write_tiny(places.shipped / "tiny")
    with pytest.raises(UsageError, match="taken"):
        install_preset(zipped(tmp_path / "x.zip", FILES), places)
    device = encode_manifest(replace(manifest_of({1: NET}), name="aux"))
    with pytest.raises(UsageError, match="taken"):
        install_preset(zipped(tmp_path / "y.zip", FILES | {MANIFEST: device}), places)


def test_nothing_to_install(tmp_path: Path, places: Places) -> None:
    with pytest.raises(UsageError, match="there is no"):
        install_preset(tmp_path / "nothing", places)
    with pytest.raises(GhostnoteError):
        install_preset(tmp_path, places)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.onnx", b"x")
    data = bytearray(buffer.getvalue())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + place] |= 1
    (tmp_path / "x.zip").write_bytes(bytes(data))
    with pytest.raises(DataError, match="encrypted"):
        read_zip(tmp_path / "x.zip")
