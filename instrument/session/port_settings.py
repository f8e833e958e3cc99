"""What is remembered for a port from one jam to the next: how much later or earlier it gets everything.

`ports.toml` in the player's configuration folder, one line for each port. A file that can't be read is as none.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import tomli_w
from platformdirs import user_config_path

from instrument.files import write_atomic

LARGEST_MS = 1000.0
TABLE = "offset_ms"


def settings_file() -> Path:
    return user_config_path("ghostnote") / "ports.toml"


def offset_ms(port: str, file: Path | None = None) -> float:
    """The offset that was kept for a port; 0 for one that isn't known."""
    return _offsets(file or settings_file()).get(port, 0.0)


def keep_offset_ms(port: str, offset_ms: float, file: Path | None = None) -> None:
    """Raises DataError where the folder can't be written."""
    place = file or settings_file()
    offsets = _offsets(place) | {port: round(offset_ms, 3)}
    place.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(place, tomli_w.dumps({TABLE: offsets}).encode())


def _offsets(file: Path) -> dict[str, float]:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8")).get(TABLE, {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}
    if not isinstance(table, dict):
        return {}
    numbers = {port: float(value) for port, value in table.items() if isinstance(value, int | float)}
    return {port: value for port, value in numbers.items() if abs(value) <= LARGEST_MS}
