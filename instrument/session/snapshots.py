"""Eight settings of the knobs, A to H, kept in a file of the player's: one table a slot, what is at rest left out."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec
import tomli_w
from platformdirs import user_data_path

from instrument.errors import DataError, nearest
from instrument.files import write_atomic
from instrument.session.knobs import Knobs
from instrument.text import printable

SLOTS = "ABCDEFGH"
SCHEMA = 1
LARGEST_FILE = 2**20

Snapshots = tuple[Knobs | None, ...]
EMPTY: Snapshots = (None,) * len(SLOTS)


def snapshots_file() -> Path:
    return user_data_path("ghostnote") / "snapshots.toml"


def load_snapshots(file: Path) -> Snapshots:
    """What was kept; empty slots where there is no file. Raises DataError for what is in it."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return EMPTY
    except OSError as error:
        raise DataError(f"can't read {printable(str(file))}: {error.strerror}") from error
    return parse_snapshots(data, printable(str(file)))


def parse_snapshots(data: bytes, source: str) -> Snapshots:
    """The slots in the bytes of a file that is called `source`. Raises DataError, one line."""
    if len(data) > LARGEST_FILE:
        raise DataError(f"{source} has {len(data)} bytes; snapshots have at most {LARGEST_FILE}")
    try:
        plain = tomllib.loads(data.decode("utf-8"))
        if plain.pop("schema", None) != SCHEMA:
            raise ValueError(f"its schema is not {SCHEMA}")
        if strangers := plain.keys() - set(SLOTS):
            raise ValueError(f'there is no slot "{sorted(strangers)[0]}"')
        return tuple(_knobs(plain[slot]) if slot in plain else None for slot in SLOTS)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise DataError(f"{source} is not TOML: {printable(str(error), 200)}") from error
    except (msgspec.ValidationError, ValueError, TypeError) as error:
        raise DataError(f"{source} holds no snapshots: {printable(str(error), 300)}") from error


def keep_snapshots(file: Path, snapshots: Snapshots) -> None:
    """Raises DataError where the folder can't be written."""
    tables = {slot: _table(knobs) for slot, knobs in zip(SLOTS, snapshots, strict=True) if knobs is not None}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"can't write {printable(str(file))}: {error.strerror}") from error
    write_atomic(file, tomli_w.dumps({"schema": SCHEMA, **tables}).encode())


def _table(knobs: Knobs) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for field in fields(Knobs):
        value = getattr(knobs, field.name)
        if field.name == "epoch" or value != field.default:
            plain[field.name] = _plain(value)
    return plain


def _plain(value: Any) -> Any:
    """TOML's own kinds of values."""
    if isinstance(value, Knobs):
        return _table(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if hasattr(value, "knobs"):
        return {"voice": value.voice, "index": value.index, "knobs": _table(value.knobs)}
    return value


def _knobs(table: Any) -> Knobs:
    _refuse_strangers(table)
    return msgspec.convert(table, Knobs)


def _refuse_strangers(table: Any) -> None:
    """Raises ValueError for a knob that isn't there, in the settings or in those within."""
    if not isinstance(table, dict):
        raise ValueError("a slot is a table")
    names = [field.name for field in fields(Knobs)]
    for name in table:
        if name not in names:
            raise ValueError(f'there is no knob "{printable(name, 40)}"{nearest(name, names)}')
    within = [table["toward"]] if "toward" in table else []
    locks = table.get("locks", [])
    within += [lock.get("knobs") for lock in locks if isinstance(lock, dict)] if isinstance(locks, list) else []
    for inner in within:
        _refuse_strangers(inner)
