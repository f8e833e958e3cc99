"""A folder's features as a recipe wants them. No torch: a feature file is made without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from instrument.core.bar import Grid
from training import groove
from training.cutting import BarCut, TickCut
from training.dataset import Catalogue
from training.progress import Reporter
from training.recipes import DataSettings
from training.windows import TickWindows


def read(data: Path, settings: DataSettings, cache: Path | None, reporter: Reporter) -> Catalogue:
    """Bars, or windows where the settings say how long they are. Raises DataError."""
    if settings.window_ticks:
        ticks = TickCut(settings.window_ticks, settings.truncate)
        return groove.load(data, ticks, cache=cache, progress=reporter.reading)
    bars = BarCut(Grid(steps=settings.steps, planes=settings.planes))
    return groove.load(data, bars, cache=cache, progress=reporter.reading)


def describe(found: Catalogue) -> dict[str, Any]:
    """What is in it, for --json. `blank`: the mean share of a window that lies after its last hit."""
    report = found.report
    facts: dict[str, Any] = {
        "kind": "ticks" if isinstance(found, TickWindows) else "bar",
        "items": len(found),
        "splits": found.windows(),
        "hits": int(found.hit_counts().sum()),
        "files": report.files,
        "notes": report.notes,
        "left_out": report.lost,
        "of_no_voice": report.unmapped,
        "styles": list(found.styles),
        "drummers": list(found.drummers),
        "skipped": [{"file": skip.file, "reason": skip.reason} for skip in report.skipped],
    }
    if isinstance(found, TickWindows):
        facts["window_ticks"] = found.length
        facts["blank"] = round(float(found.blank().mean()), 4)
    return facts
