"""What is remembered for a port from one jam to the next: how much later or earlier it gets everything, and how late
what comes from it is.

`ports.toml` in the player's configuration folder, one line for each port. A file that can't be read is as none.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import tomli_w
from platformdirs import user_config_path

from instrument.files import write_atomic

LARGEST_MS = 1000.0
OFFSETS, LATENCIES = "offset_ms", "latency_ms"
TABLES = (OFFSETS, LATENCIES)


def settings_file() -> Path:
    return user_config_path("ghostnote") / "ports.toml"


def offset_ms(port: str, file: Path | None = None) -> float:
    """The offset that was kept for a port; 0 for one that isn't known."""
    return _numbers(file or settings_file(), OFFSETS).get(port, 0.0)


def latency_ms(port: str, file: Path | None = None) -> float:
    """How late notes come in from a port, as it was kept; 0 for one that isn't known."""
    return _numbers(file or settings_file(), LATENCIES).get(port, 0.0)


def keep_offset_ms(port: str, offset_ms: float, file: Path | None = None) -> None:
    """Raises DataError where the folder can't be written."""
    _keep(OFFSETS, port, offset_ms, file or settings_file())


def keep_latency_ms(port: str, latency_ms: float, file: Path | None = None) -> None:
    """Raises DataError where the folder can't be written."""
    _keep(LATENCIES, port, latency_ms, file or settings_file())


def _keep(table: str, port: str, number_ms: float, file: Path) -> None:
    tables = {name: numbers for name in TABLES if (numbers := _numbers(file, name))}
    tables[table] = tables.get(table, {}) | {port: round(number_ms, 3)}
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(file, tomli_w.dumps(tables).encode())


def _numbers(file: Path, name: str) -> dict[str, float]:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8")).get(name, {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}
    if not isinstance(table, dict):
        return {}
    numbers = {port: float(value) for port, value in table.items() if isinstance(value, int | float)}
    return {port: value for port, value in numbers.items() if abs(value) <= LARGEST_MS}
