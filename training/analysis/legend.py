"""What stands below a picture, never over its data: runs, measures, marks."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from training.analysis.panels import Panel
from training.analysis.studied import Runs, StudiedRun, any_has, floors
from training.analysis.style import BAND, GREY, RunStyle

LINE_IN = 0.21


def run_entries(runs: Runs, keys: Sequence[str], *, lines: bool = False) -> list[Artist]:
    """One for each run that has any of the keys."""
    entries: list[Artist] = []
    for number, run in enumerate(runs):
        if not any(any_has([run], key) for key in keys):
            continue
        style = RunStyle(number=number)
        entries.append(
            Line2D(
                [],
                [],
                color=style.colour,
                marker=style.marker,
                markeredgecolor="white",
                markeredgewidth=0.6,
                linestyle=style.line if lines else "-",
                label=_entry(run),
            )
        )
    return entries


def _entry(run: StudiedRun) -> str:
    """The legend's words for a run. A label that begins with an underscore would be left out."""
    name = run.name if len(run.name) <= 32 else f"{run.name[:14]}…{run.name[-17:]}"
    chosen = f" (★ epoch {run.choice.epoch})" if run.choice else ""
    return f"{' ' * name.startswith('_')}{name}{chosen}"


def star_entry(runs: Runs) -> list[Artist]:
    if not any(run.choice for run in runs):
        return []
    return [Line2D([], [], color=GREY, marker="*", markersize=11, linestyle="", label="recommended")]


def metric_entries(runs: Runs, panels: Sequence[Panel]) -> list[Artist]:
    entries: list[Artist] = []
    if any(floors(runs, panel.key) for panel in panels):
        entries.append(Patch(color=BAND, label="real bars against real bars"))
    if any(panel.gate is not None for panel in panels):
        entries.append(Line2D([], [], color=GREY, linestyle="--", linewidth=1.1, label="gate: worse is out"))
    if any(panel.chance is not None for panel in panels):
        entries.append(Line2D([], [], color=GREY, linestyle=":", linewidth=1.2, label="cannot tell"))
    return entries


def place(figure: Figure, entries: list[Artist]) -> None:
    """Below the axes, in as many columns as fit; the figure grows by the lines beyond the second."""
    longest = max((len(str(entry.get_label())) for entry in entries), default=1)
    columns = max(min(108 // (longest + 7), len(entries), 4), 1)
    more = max(math.ceil(len(entries) / columns) - 2, 0)
    figure.set_figheight(figure.get_figheight() + LINE_IN * more)
    figure.legend(handles=entries, loc="outside lower center", ncols=columns)
