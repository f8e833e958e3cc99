"""A preset: a folder with `preset.toml`, one ONNX file per epoch and perhaps an encoder, and the models out of it.

Nothing in it is trusted. Each file is read once, its hash compared with the manifest's, and what was hashed is what
runs. A net that doesn't come with the instrument is tried in another process first.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from instrument.core.manifest import EncoderContract, EncoderFile, Epoch, Manifest, ModelContract, SharedFile
from instrument.errors import DataError, ModelError
from instrument.files import write_atomic
from instrument.model.encoder import OnnxEncoder
from instrument.model.epochs import resolve_epoch
from instrument.model.inspection import LARGEST_MODEL, inspect_model
from instrument.model.manifest_file import MANIFEST, encode_manifest, read_manifest
from instrument.model.onnx import OnnxBarModel, OnnxWindowModel, check_playable, open_model
from instrument.model.probe import probe
from instrument.model.wire import joined
from instrument.text import printable


class Preset:
    """Keeps the contract of `ModelSource`. Any thread may call it."""

    def __init__(self, folder: Path, *, trusted: bool, cache: Path | None = None) -> None:
        """Reads the manifest only. `trusted`: came with the instrument, no probe; `cache`: where probes are remembered.

        Raises DataError and ModelError.
        """
        self.folder = folder
        self.trusted = trusted
        self.manifest = read_manifest(folder)
        try:
            check_playable(self.manifest.model)
        except ModelError as error:
            raise ModelError(f"{printable(str(folder / MANIFEST))}: {error}") from error
        self._cache = cache
        self._models: dict[int, OnnxBarModel | OnnxWindowModel] = {}
        self._encoder: OnnxEncoder | None = None
        self._lock = threading.Lock()

    @property
    def epochs(self) -> tuple[int, ...]:
        return tuple(epoch.number for epoch in self.manifest.epochs)

    def resolve_epoch(self, wanted: str | int) -> int:
        """See `ModelSource.resolve_epoch`."""
        return resolve_epoch(self.manifest, wanted)

    def model(self, epoch: int) -> OnnxBarModel | OnnxWindowModel:
        """See `ModelSource.model`. The first call for an epoch takes some milliseconds, or a second with a probe."""
        entry = self.manifest.epoch(self.resolve_epoch(epoch))
        with self._lock:
            if entry.number not in self._models:
                self._models[entry.number] = self._load(entry)
            return self._models[entry.number]

    def encoder(self) -> OnnxEncoder | None:
        """See `ModelSource.encoder`. The first call takes some milliseconds, or a second with a probe."""
        entry, contract = self.manifest.encoder, self.manifest.encoder_contract
        with self._lock:
            if self._encoder is None and entry is not None and contract is not None:
                data = read_net(self.folder, entry)
                with _named(self.folder / entry.file, "used"):
                    self._try(data, contract)
                    self._encoder = OnnxEncoder(data, contract, entry)
            return self._encoder

    def _load(self, entry: Epoch) -> OnnxBarModel | OnnxWindowModel:
        data = read_epoch(self.folder, self.manifest, entry.number)
        with _named(self.folder / entry.file, "played"):
            self._try(data, self.manifest.model)
            return open_model(data, self.manifest.model)

    def _try(self, data: bytes, contract: ModelContract | EncoderContract) -> None:
        """A stranger's net, before it is loaded here."""
        if not self.trusted:
            inspect_model(data, contract)
            probe(data, contract, self._cache)


@contextmanager
def _named(path: Path, purpose: str) -> Iterator[None]:
    """A ModelError about "it" as one about the file, which can't be "played", say."""
    try:
        yield
    except ModelError as error:
        raise ModelError(f"{printable(str(path))} can't be {purpose}: {error}") from error


def read_epoch(folder: Path, manifest: Manifest, number: int) -> bytes:
    """An epoch's net, with the weights that it has in common with others. Raises KeyError, DataError, ModelError."""
    entry = manifest.epoch(number)
    data = read_net(folder, entry)
    if manifest.shared is None or number not in manifest.shared:
        return data
    shared = read_net(folder, manifest.shared)
    with _named(folder / manifest.shared.file, f"used with {printable(entry.file)}"):
        return joined(data, shared)


def read_net(folder: Path, entry: Epoch | EncoderFile | SharedFile) -> bytes:
    """A net's bytes, a regular file inside the folder that is what its hash says. Raises DataError, ModelError."""
    path = folder / entry.file
    name = printable(str(path))
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise ModelError(f"{name} is not a plain file")
        with path.open("rb") as file:
            data = file.read(LARGEST_MODEL + 1)
    except OSError as error:
        raise DataError(f"can't read {name}: {error.strerror}") from error
    if len(data) != entry.bytes or hashlib.sha256(data).hexdigest() != entry.sha256:
        raise ModelError(f"{name} is not what preset.toml says: damaged or changed; install the preset again")
    return data


def write_preset(manifest: Manifest, files: Mapping[str, bytes], out: Path) -> None:
    """The folder `out`, whole or not at all: made beside its place, then renamed. A preset that was there is replaced.

    `files`: the bytes of each net's file by name, and pages of prose (.md). Raises DataError where `out` can't be
    written or holds other things.
    """
    check_replaceable(out)
    wanted = set(manifest.files)
    if wanted != {name for name in files if not name.endswith(".md")}:
        raise ValueError(f"the manifest names {sorted(wanted)}, the files are {sorted(files)}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.", ignore_cleanup_errors=True) as beside:
            fresh = Path(beside) / "new"
            fresh.mkdir()
            _keep_prose(out, fresh)
            for name, data in files.items():
                write_atomic(fresh / name, data)
            write_atomic(fresh / MANIFEST, encode_manifest(manifest))
            if out.exists():
                out.rename(Path(beside) / "old")
            fresh.rename(out)
    except OSError as error:
        raise DataError(f"can't write {printable(str(out))}: {error.strerror}") from error


def check_replaceable(out: Path) -> None:
    """Raises DataError where `out` can't be written, or is there and is neither empty nor a preset."""
    name = printable(str(out))
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise DataError(f"{name} is there and is no preset; choose another place")
    above = next(folder for folder in (out.absolute(), *out.absolute().parents) if folder.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise DataError(f"can't write {name}: {printable(str(above))} is not a folder that may be written")
    if out.is_dir() and any(out.iterdir()) and not (out / MANIFEST).is_file():
        raise DataError(f"{name} is there and holds other things than a preset; choose another place")


def _keep_prose(old: Path, fresh: Path) -> None:
    """Pages that somebody wrote beside a preset outlive its next export."""
    for page in sorted(old.glob("*.md")) if old.is_dir() else []:
        if page.is_file() and not page.is_symlink():
            shutil.copyfile(page, fresh / page.name)
