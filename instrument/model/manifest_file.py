"""`preset.toml`: text <-> `Manifest`.

The classes of `instrument.core.manifest` are the schema, read by msgspec: a wrong type or a missing key is an error
that names its place in the file; a key that this version doesn't know is passed over, so that older versions play newer
presets. All text is made printable before anything else looks at it.
"""

from __future__ import annotations

import re
import stat
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from instrument.core.manifest import Manifest
from instrument.errors import DataError
from instrument.text import printable

MANIFEST = "preset.toml"
LARGEST_MANIFEST = 2 * 2**20

_NUMBERS = re.compile(r"\[\n((?: *-?[0-9][0-9.e+-]*,\n)+) *\]")
LINE = 116


def parse_manifest(text: bytes, source: str) -> Manifest:
    """The manifest in the bytes of a TOML file that is called `source`. Raises DataError, one line."""
    if len(text) > LARGEST_MANIFEST:
        raise DataError(f"{source} has {len(text)} bytes; at most {LARGEST_MANIFEST} are read")
    try:
        plain = tomllib.loads(text.decode("utf-8"))
        manifest: Manifest = msgspec.convert(_inert(plain), Manifest)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{source} is not TOML: {printable(str(error), 200)}") from error
    except RecursionError as error:
        raise DataError(f"{source} is not a preset: its tables are nested too deep") from error
    except msgspec.ValidationError as error:
        raise DataError(f"{source} is not a preset: {printable(str(error), 300)}") from error
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the preset in `folder`. Raises DataError."""
    path = folder / MANIFEST
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise DataError(f"{printable(str(path))} is not a plain file")
        with path.open("rb") as file:
            text = file.read(LARGEST_MANIFEST + 1)
    except OSError as error:
        raise DataError(f"can't read {printable(str(path))}: {error.strerror}") from error
    return parse_manifest(text, printable(str(path)))


def encode_manifest(manifest: Manifest) -> bytes:
    """The text of `preset.toml`; `parse_manifest` gives the manifest back."""
    text = tomli_w.dumps(_plain(asdict(manifest)))
    return _NUMBERS.sub(_in_lines, text).encode()


def _inert(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value, 2000)
    if isinstance(value, list):
        return [_inert(item) for item in value]
    if isinstance(value, dict):
        return {printable(key, 200): _inert(item) for key, item in value.items()}
    return value


def _plain(value: Any) -> Any:
    """Tuples as lists; scalars before tables, as TOML wants it."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item not in ({}, (), None)}
    return value


def _in_lines(match: re.Match[str]) -> str:
    """An array of numbers, filled into lines instead of one number a line."""
    lines, line = [], "   "
    for word in match.group(1).split():
        if len(line) + 1 + len(word) > LINE:
            lines.append(line)
            line = "   "
        line += f" {word}"
    return "\n".join(["[", *lines, line, "]"])
