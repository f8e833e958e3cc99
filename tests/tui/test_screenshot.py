"""The README's pictures: the same on every run, fetching nothing, showing the page."""

from __future__ import annotations

from pathlib import Path

from instrument.tui.screenshot import SIZES, main


def test_pictures_are_whole_and_the_same_each_time(tmp_path: Path) -> None:
    assert main([str(tmp_path / "one")]) == 0
    assert main([str(tmp_path / "other")]) == 0
    for width, height in SIZES:
        name = f"stage-{width}x{height}.svg"
        svg = (tmp_path / "one" / name).read_bytes()
        assert svg == (tmp_path / "other" / name).read_bytes()
        assert b"ENSITY" in svg
        assert b"url(http" not in svg
