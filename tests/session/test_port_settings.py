"""Offsets are remembered port by port, and a broken file is as none."""

from __future__ import annotations

from pathlib import Path

import pytest

from instrument.session.port_settings import keep_offset_ms, offset_ms


def test_what_is_kept_for_a_port_is_found_again(tmp_path: Path) -> None:
    file = tmp_path / "config" / "ports.toml"
    assert offset_ms("Ghostnote:out", file) == 0.0
    keep_offset_ms("Ghostnote:out", -12.5, file)
    keep_offset_ms('odd "name" \u00e9', 3.0, file)
    keep_offset_ms("Ghostnote:out", 7.0, file)
    assert (offset_ms("Ghostnote:out", file), offset_ms('odd "name" \u00e9', file)) == (7.0, 3.0)
    assert [path.name for path in file.parent.iterdir()] == ["ports.toml"]


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"offset_ms = 3", b"[offset_ms", b'[offset_ms]\n"Ghostnote:out" = "7"']
)
def test_a_broken_file_is_as_none_and_is_replaced(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "ports.toml"
    file.write_bytes(content)
    assert offset_ms("Ghostnote:out", file) == 0.0
    keep_offset_ms("Ghostnote:out", 1.0, file)
    assert offset_ms("Ghostnote:out", file) == 1.0


def test_an_offset_beyond_a_second_is_not_taken(tmp_path: Path) -> None:
    file = tmp_path / "ports.toml"
    file.write_text('[offset_ms]\n"Ghostnote:out" = 5000\nother = nan\n', encoding="utf-8")
    assert offset_ms("Ghostnote:out", file) == 0.0
    assert offset_ms("other", file) == 0.0
