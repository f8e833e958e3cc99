"""Kit maps from TOML files: which channel and note each voice goes to.

A file gives `channel` (1-16) and `length_ticks` for all voices, and for each of the nine voices under `[voices]` its
`note`, and a channel or length of its own where it differs. A key that is not known is refused, with the nearest one.
"""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import msgspec
import tomli_w
from msgspec import Meta
from platformdirs import user_data_path

from instrument.core.drums import KitMap, Target, Voice
from instrument.errors import DataError, UsageError, nearest
from instrument.files import write_atomic
from instrument.text import printable

Channel = Annotated[int, Meta(ge=1, le=16)]
Note = Annotated[int, Meta(ge=0, le=127)]
Length = Annotated[int, Meta(ge=1, le=480 * 64)]

LARGEST_KIT = 2**16
KIT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,39}")
VOICE_NAMES = tuple(voice.name.lower() for voice in Voice)


class VoiceEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One voice's line; what is None is as for all voices."""

    note: Note
    channel: Channel | None = None
    length_ticks: Length | None = None


class KitFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    name: str
    voices: dict[str, VoiceEntry]
    channel: Channel = 10
    length_ticks: Length = 60


def kit_folders() -> tuple[Path, Path]:
    """Where kit maps are: those that come with the instrument, and the player's own."""
    return Path(str(files("presets"))) / "kits", user_data_path("ghostnote") / "kits"


def list_kits() -> dict[str, Path]:
    """Name -> file; shipped ones win."""
    shipped, own = kit_folders()
    found = [path for folder in (own, shipped) if folder.is_dir() for path in sorted(folder.glob("*.toml"))]
    return {printable(path.stem, 64): path for path in found}


def load_kit(wanted: str | Path) -> KitMap:
    """The kit map of that name, or in that file. Raises UsageError where there is none, DataError for what is in it."""
    known = list_kits()
    path = known.get(str(wanted))
    if path is None:
        path = Path(wanted).expanduser()
        if not path.is_file():
            text = printable(str(wanted), 80)
            raise UsageError(f'no kit map "{text}"{nearest(text, known)}; there are: {", ".join(sorted(known))}')
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"can't read {printable(str(path))}: {error.strerror}") from error
    return parse_kit(data, printable(str(path)))


def check_kit_name(name: str) -> str:
    """Raises ValueError for one that can't be a file's, or that a shipped kit has."""
    if not KIT_NAME.fullmatch(name):
        raise ValueError("a kit's name has 1 to 40 letters, digits, blanks, - or _, and begins with a letter or digit")
    shipped, _ = kit_folders()
    if (shipped / f"{name}.toml").exists():
        raise ValueError(f'"{name}" is a kit of Ghostnote\'s own: choose another name')
    return name


def keep_kit(name: str, kit: KitMap, folder: Path | None = None) -> Path:
    """Write a kit map of the player's own, in place of one of that name. Raises ValueError for its name and DataError
    where it can't be written."""
    place = (folder or kit_folders()[1]) / f"{check_kit_name(name)}.toml"
    voices = {
        voice: {"note": target.note, "channel": target.channel + 1, "length_ticks": target.length_ticks}
        for voice, target in zip(VOICE_NAMES, kit.targets, strict=True)
    }
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"can't write {printable(str(place))}: {error.strerror}") from error
    write_atomic(place, tomli_w.dumps({"name": name, "voices": voices}).encode())
    return place


def parse_kit(data: bytes, source: str) -> KitMap:
    """The kit map in the bytes of a file that is called `source`. Raises DataError, one line."""
    if len(data) > LARGEST_KIT:
        raise DataError(f"{source} has {len(data)} bytes; a kit map has at most {LARGEST_KIT}")
    try:
        plain = tomllib.loads(data.decode("utf-8"))
        _refuse_strangers(plain)
        kit = msgspec.convert(plain, KitFile)
        if missing := [name for name in VOICE_NAMES if name not in kit.voices]:
            raise ValueError(f"no note for {', '.join(missing)}")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise DataError(f"{source} is not TOML: {printable(str(error), 200)}") from error
    except (msgspec.ValidationError, ValueError) as error:
        raise DataError(f"{source} is not a kit map: {printable(str(error), 300)}") from error
    return KitMap(name=printable(kit.name, 64), targets=tuple(_target(kit, name) for name in VOICE_NAMES))


def _target(kit: KitFile, name: str) -> Target:
    entry = kit.voices[name]
    return Target(
        channel=(entry.channel or kit.channel) - 1,
        note=entry.note,
        length_ticks=entry.length_ticks or kit.length_ticks,
    )


def _refuse_strangers(plain: dict[str, Any]) -> None:
    """Raises ValueError for a key that is not known, at any of the three levels."""
    voices = plain.get("voices")
    levels = [(plain, KitFile.__struct_fields__)]
    if isinstance(voices, dict):
        levels.append((voices, VOICE_NAMES))
        levels += [(entry, VoiceEntry.__struct_fields__) for entry in voices.values() if isinstance(entry, dict)]
    for table, known in levels:
        for key in table:
            if key not in known:
                raise ValueError(f'it has no "{key}"{nearest(key, known)}')
