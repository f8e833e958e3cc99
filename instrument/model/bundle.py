"""Installing a preset: a folder or a .zip of a stranger, looked at before anything is written.

Only `preset.toml`, the nets it names and pages of prose are taken. A zip is read in memory, entry by entry, within
bounds that hold whatever its headers say; names that lead out of the folder, or that a file system would bend into
other names, are refused and not mended.
"""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from instrument.core.manifest import Manifest
from instrument.errors import DataError, UsageError
from instrument.model.inspection import LARGEST_MODEL
from instrument.model.manifest_file import MANIFEST, parse_manifest
from instrument.model.preset import Preset, write_preset
from instrument.model.store import Places, check_preset
from instrument.text import printable

MOST_ENTRIES = 200
MOST_BYTES = 64 * 2**20
LARGEST_PAGE = 2**18

_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))})


def install_preset(path: Path, places: Places | None = None) -> Preset:
    """Copies the preset in the folder or .zip `path` to the player's own, whole and tried, or not at all.

    Raises DataError and ModelError for what is wrong with it, UsageError where `path` is nothing or the name is
    taken by a preset that ships.
    """
    places = places or Places()
    name = printable(str(path))
    if not path.exists():
        raise UsageError(f"there is no {name} to install")
    files = read_folder(path) if path.is_dir() else read_zip(path)
    if MANIFEST not in files:
        raise DataError(f"{name} is no preset: there is no {MANIFEST} in it")
    manifest = parse_manifest(files[MANIFEST], f"{name}: {MANIFEST}")
    if (places.shipped / manifest.name / MANIFEST).exists() or manifest.name in _DEVICES:
        raise UsageError(f'{name} is called "{manifest.name}", a name that is taken; change it in its {MANIFEST}')
    missing = [file for file in manifest.files if file not in files]
    if missing:
        raise DataError(f"{name} is not whole: {', '.join(missing[:4])} is missing")
    kept = {file: files[file] for file in manifest.files}
    kept |= {page: text for page, text in files.items() if page.endswith(".md")}
    out = places.own / manifest.name
    _try(manifest, kept, out.with_name(f".{out.name}.trial"), name, places)
    write_preset(manifest, kept, out)
    return Preset(out, trusted=False, cache=places.cache)


def _try(manifest: Manifest, files: dict[str, bytes], trial: Path, name: str, places: Places) -> None:
    """A preset that is there already stays until the new one has passed."""
    try:
        write_preset(manifest, files, trial)
        for problem in check_preset(trial, places).problems:
            raise DataError(problem.replace(str(trial), name))
    finally:
        shutil.rmtree(trial, ignore_errors=True)


def read_zip(path: Path) -> dict[str, bytes]:
    """The files of a zip by name, those of one folder at its top without it. Raises DataError for a hostile one."""
    name = printable(str(path))
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check_entries(entries, name)
            left, found = MOST_BYTES, {}
            for entry in entries:
                if not entry.is_dir():
                    found[entry.filename] = _read_entry(archive, entry, left, name)
                    left -= len(found[entry.filename])
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise DataError(f"{name} is not a zip that can be read: {printable(str(error), 100)}") from error
    return _without_top(found)


def read_folder(path: Path) -> dict[str, bytes]:
    """The files of a folder by name: the manifest, what it may name, and prose. Raises DataError."""
    try:
        entries = sorted(path.iterdir())
    except OSError as error:
        raise DataError(f"can't read {printable(str(path))}: {error.strerror}") from error
    if len(entries) > MOST_ENTRIES:
        raise DataError(f"{printable(str(path))} holds {len(entries)} files; a preset has at most {MOST_ENTRIES}")
    found, left = {}, MOST_BYTES
    for entry in entries:
        if entry.suffix not in (".toml", ".onnx", ".md"):
            continue
        try:
            if not stat.S_ISREG(entry.lstat().st_mode):
                raise DataError(f"{printable(str(entry))} is not a plain file")
            with entry.open("rb") as file:
                found[entry.name] = file.read(left + 1)
        except OSError as error:
            raise DataError(f"can't read {printable(str(entry))}: {error.strerror}") from error
        left -= len(found[entry.name])
        if left < 0:
            raise DataError(f"{printable(str(path))} holds more than {MOST_BYTES >> 20} MiB")
    return found


def _check_entries(entries: list[zipfile.ZipInfo], name: str) -> None:
    if len(entries) > MOST_ENTRIES:
        raise DataError(f"{name} holds {len(entries)} entries; a preset has at most {MOST_ENTRIES}")
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise DataError(f"{name} unpacks to more than {MOST_BYTES >> 20} MiB")
    seen: set[str] = set()
    for entry in entries:
        problem = _problem(entry)
        if entry.filename.lower() in seen:
            problem = "is there twice"
        seen.add(entry.filename.lower())
        if problem:
            raise DataError(f'{name}: the entry "{printable(entry.orig_filename, 80)}" {problem}')


def _problem(entry: zipfile.ZipInfo) -> str:
    """What is wrong with an entry's name or kind; nothing where it is all right."""
    text = entry.orig_filename
    parts = PurePosixPath(text).parts
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if "\0" in text or "\\" in text or ":" in text or printable(text, 10_000) != text:
        return "has a name that no file should have"
    if text.startswith("/") or not parts or ".." in text.split("/"):
        return "leads out of the preset's folder"
    if any(part.split(".")[0].lower() in _DEVICES or part.endswith(" ") or part.endswith(".") for part in parts):
        return "has the name of a device"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device, not a file"
    if entry.flag_bits & 1:
        return "is encrypted"
    return ""


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int, name: str) -> bytes:
    """Never more than is allowed, whatever the header says."""
    largest = min(LARGEST_PAGE if entry.filename.endswith(".md") else LARGEST_MODEL, left)
    with archive.open(entry) as file:
        data = file.read(largest + 1)
    if len(data) > largest:
        raise DataError(f'{name}: the entry "{printable(entry.filename, 80)}" is too large')
    return data


def _without_top(files: dict[str, bytes]) -> dict[str, bytes]:
    """A zip of a folder has it as its top; files deeper than that are none of a preset's."""
    tops = {PurePosixPath(name).parts[0] for name in files}
    if MANIFEST not in files and len(tops) == 1:
        files = {name.partition("/")[2]: data for name, data in files.items()}
    return {name: data for name, data in files.items() if "/" not in name}
