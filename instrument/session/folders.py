"""Where the player's own things are kept."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_music_path

from instrument.errors import DataError
from instrument.session.maps import maps_folder
from instrument.session.snapshots import snapshots_file
from instrument.text import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """`captures`, `maps`: folders, made when they are needed; `snapshots`: a file."""

    captures: Path = field(default_factory=lambda: user_music_path() / "Ghostnote")
    snapshots: Path = field(default_factory=snapshots_file)
    maps: Path = field(default_factory=maps_folder)

    def new_capture(self, bars: int) -> Path:
        """A file that isn't there yet. Raises DataError where the folder can't be made."""
        try:
            self.captures.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"can't write {printable(str(self.captures))}: {error.strerror}") from error
        stem = f"{time.strftime('%Y-%m-%d %H.%M.%S')} {bars} bars"
        names = (f"{stem}{f' {count}' if count else ''}.mid" for count in range(1000))
        return next(file for name in names if not (file := self.captures / name).exists())
