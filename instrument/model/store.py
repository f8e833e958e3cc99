"""Where presets are: those that come with the instrument, those that the player installed, and any folder.

`load_preset` is the one way from a name or a path to a `Preset`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path, user_data_path

from instrument.core.manifest import is_preset_name
from instrument.errors import DataError, GhostnoteError, ModelError, UsageError, nearest
from instrument.model.manifest_file import MANIFEST, read_manifest
from instrument.model.preset import Preset
from instrument.text import printable

APP = "ghostnote"


def _shipped_folder() -> Path:
    return Path(str(files("presets")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Folders that hold presets, one folder each: `shipped` and the player's `own`; `cache` remembers probes."""

    shipped: Path = field(default_factory=_shipped_folder)
    own: Path = field(default_factory=lambda: user_data_path(APP) / "presets")
    cache: Path | None = field(default_factory=lambda: user_cache_path(APP))


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetSummary:
    """A line of the list. `problem`: why it can't be used, or nothing."""

    name: str
    title: str
    folder: Path
    shipped: bool
    epochs: tuple[int, ...]
    best_epoch: int
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochCheck:
    """What trying an epoch showed."""

    number: int
    file: str
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What trying a preset showed. `encoder`: what is wrong with it, nothing where it is good, None where there is
    none. `strangers`: files in its folder that the manifest doesn't name."""

    name: str
    folder: Path
    epochs: tuple[EpochCheck, ...]
    encoder: str | None
    strangers: tuple[str, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        found = (*(epoch.problem for epoch in self.epochs), self.encoder)
        return tuple(problem for problem in found if problem)

    @property
    def ok(self) -> bool:
        return not self.problems


def load_preset(wanted: str | Path, places: Places | None = None) -> Preset:
    """The preset of that name (shipped before own), or in that folder; its nets load when asked for.

    Raises UsageError where there is none, with the nearest name and the list; DataError and ModelError where it can't
    be used.
    """
    places = places or Places()
    text = str(wanted)
    if isinstance(wanted, str) and is_preset_name(text):
        for place in (places.shipped, places.own):
            if (place / text / MANIFEST).is_file():
                return Preset(place / text, trusted=place == places.shipped, cache=places.cache)
    folder = Path(text).expanduser()
    if (folder / MANIFEST).is_file():
        return Preset(folder, trusted=_is_within(folder, places.shipped), cache=places.cache)
    if folder.is_dir() and (folder.is_absolute() or "/" in text):
        raise DataError(f"{printable(text)} is no preset: there is no {MANIFEST} in it")
    names = [summary.name for summary in list_presets(places)]
    there = f"there are: {', '.join(names)}" if names else "none is installed; `ghostnote export` makes one"
    raise UsageError(f'no preset "{printable(text, 80)}"{nearest(text, names)}; {there}')


def list_presets(places: Places | None = None) -> list[PresetSummary]:
    """Shipped presets, then the player's own, each by name; those that can't be read are in the list too."""
    places = places or Places()
    found = []
    for place in (places.shipped, places.own):
        folders = sorted(place.glob("[!.]*/")) if place.is_dir() else []
        found += [_summary(folder, place == places.shipped) for folder in folders if (folder / MANIFEST).is_file()]
    return found


def describe(preset: Preset) -> dict[str, Any]:
    """A preset as plain data, for people and for JSON."""
    manifest, model = preset.manifest, preset.manifest.model
    return {
        "name": manifest.name,
        "title": manifest.title,
        "folder": str(preset.folder),
        "licence": manifest.licence,
        "attribution": manifest.attribution,
        "recipe": manifest.recipe,
        "kind": model.kind,
        "latent_dim": model.latent_dim,
        "shape": [model.planes, model.voices, model.steps],
        "styles": list(model.styles),
        "best_epoch": manifest.best_epoch,
        "training": dict(manifest.training),
        "encoder": asdict(manifest.encoder) if manifest.encoder else {},
        "epochs": [
            {
                "number": e.number,
                "file": e.file,
                "bytes": e.bytes,
                "parity": e.parity,
                "rounding": asdict(e.rounding),
                "scores": dict(e.scores),
            }
            for e in manifest.epochs
        ],
    }


def check_preset(wanted: str | Path, places: Places | None = None) -> CheckReport:
    """Hashes, loads and runs every net, each as if it came from a stranger. Raises as `load_preset` does."""
    found = load_preset(wanted, places)
    preset = Preset(found.folder, trusted=False, cache=None)
    named = {MANIFEST, *preset.manifest.files}
    strangers = sorted(
        printable(path.name) for path in preset.folder.iterdir() if path.name not in named and path.suffix != ".md"
    )
    return CheckReport(
        name=preset.manifest.name,
        folder=preset.folder,
        epochs=tuple(_try_epoch(preset, epoch.number, epoch.file) for epoch in preset.manifest.epochs),
        encoder=_try_encoder(preset) if preset.manifest.encoder else None,
        strangers=tuple(strangers),
    )


def _try_epoch(preset: Preset, number: int, file: str) -> EpochCheck:
    try:
        preset.model(number)
    except (DataError, ModelError) as error:
        return EpochCheck(number=number, file=file, problem=str(error))
    return EpochCheck(number=number, file=file)


def _try_encoder(preset: Preset) -> str:
    try:
        preset.encoder()
    except (DataError, ModelError) as error:
        return str(error)
    return ""


def _summary(folder: Path, shipped: bool) -> PresetSummary:
    name = printable(folder.name, 64)
    try:
        manifest = read_manifest(folder)
    except GhostnoteError as error:
        return PresetSummary(
            name=name, title="", folder=folder, shipped=shipped, epochs=(), best_epoch=0, problem=str(error)
        )
    return PresetSummary(
        name=name,
        title=manifest.title,
        folder=folder,
        shipped=shipped,
        epochs=tuple(epoch.number for epoch in manifest.epochs),
        best_epoch=manifest.best_epoch,
    )


def _is_within(folder: Path, place: Path) -> bool:
    return folder.resolve().is_relative_to(place.resolve())
