"""Three pictures over the epochs, each of all runs: D's success, the losses, the scores beside the floor of real bars.

A star marks the recommended epoch on each line. Build and render inside `style.house_style`.
"""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from training.analysis import legend
from training.analysis.marks import THIN, draw, draw_smooth, reference, say_nothing, smoothing
from training.analysis.panels import PANELS, Panel
from training.analysis.studied import Runs, any_has, floors
from training.analysis.style import BAND, GREY, INK, WIDTH_IN, Line, RunStyle, epoch_axis, log_axis

LOSSES = (("loss_d", "D's loss"), ("loss_g", "G's loss"))
SUCCESS: tuple[tuple[str, Line, str], ...] = (
    ("d_fixed", "-", "against training bars"),
    ("d_held_out", (0, (4, 1.6)), "against held-out bars"),
)
COLUMNS = 3


def success_figure(runs: Runs) -> Figure:
    """How often D ranks a real bar above a fake of the same fixed noise: thin by epoch, thick the mean around each."""
    figure = Figure(figsize=(WIDTH_IN, 5.4), layout="constrained")
    figure.suptitle("How often D tells real bars from generated ones (the same noise at every epoch)")
    axes = figure.subplots()
    reference(axes, 0.5, "cannot\ntell")
    for number, run in enumerate(runs):
        for key, line, _ in SUCCESS:
            draw_smooth(axes, run, key, RunStyle(number=number), line)
    axes.set_ylim(0, 1)
    axes.set_ylabel("share of pairs that D ranks rightly")
    _epochs(axes, runs)
    shown = [entry for entry in SUCCESS if any_has(runs, entry[0])]
    if not shown:
        say_nothing(axes)
    measures = [Line2D([], [], color=INK, linestyle=line, label=label) for _, line, label in shown]
    smoothed = any(smoothing(len(run.rows)) > 1 for run in runs)
    thin = [Line2D([], [], color=INK, linewidth=0.7, alpha=THIN, label="thin: single epochs")]
    legend.place(
        figure,
        [
            *legend.run_entries(runs, [key for key, _, _ in SUCCESS]),
            *measures,
            *(thin if smoothed else []),
            *legend.star_entry(runs),
        ],
    )
    return figure


def losses_figure(runs: Runs) -> Figure:
    """The mean loss of each epoch; a D that cannot tell leaves ln 2 to both."""
    figure = Figure(figsize=(WIDTH_IN, 6.6), layout="constrained")
    figure.suptitle("What D and G lose")
    for axes, (key, title) in zip(figure.subplots(2, 1), LOSSES, strict=True):
        reference(axes, math.log(2), "cannot\ntell\n(ln 2)")
        for number, run in enumerate(runs):
            draw(axes, run, key, RunStyle(number=number), RunStyle(number=number).line)
        axes.set_title(title)
        axes.set_ylabel("nats a pair")
        _epochs(axes, runs)
        if not any_has(runs, key):
            say_nothing(axes)
    legend.place(figure, [*legend.run_entries(runs, [key for key, _ in LOSSES], lines=True), *legend.star_entry(runs)])
    return figure


def metrics_figure(runs: Runs) -> Figure:
    """A small panel for each score that any run has."""
    panels = [panel for panel in PANELS if any_has(runs, panel.key)]
    rows = max(math.ceil(len(panels) / COLUMNS), 1)
    figure = Figure(figsize=(WIDTH_IN, 1.4 + 2.1 * rows), layout="constrained")
    figure.suptitle("How good the bars are (↓ lower is better, ↑ higher is better)")
    cells = list(figure.subplots(rows, COLUMNS, squeeze=False).flat)
    for axes, panel in zip(cells, panels, strict=False):
        _panel(axes, panel, runs)
    for axes in cells[len(panels) :]:
        axes.remove() if panels else say_nothing(axes)
    entries = legend.run_entries(runs, [panel.key for panel in panels], lines=True)
    legend.place(figure, [*entries, *legend.star_entry(runs), *legend.metric_entries(runs, panels)])
    return figure


def _panel(axes: Axes, panel: Panel, runs: Runs) -> None:
    log = panel.log and _spans_decades(panel, runs)
    _bands(axes, panel, runs, log)
    for value, line in ((panel.gate, "--"), (panel.chance, ":")):
        if value is not None:
            axes.axhline(value, color=GREY, linestyle=line, linewidth=1.1)
    for number, run in enumerate(runs):
        draw(axes, run, panel.key, RunStyle(number=number), RunStyle(number=number).line)
    if log:
        log_axis(axes)
        if any(low <= 0 for low, _ in floors(runs, panel.key).values()):
            axes.set_ylim(bottom=_log_bottom(panel, runs))
    elif panel.zero:
        top = axes.get_ylim()[1]
        axes.set_ylim(-0.04 * top, top)
    axes.set_title(f"{panel.title} {panel.better}".rstrip())
    axes.set_ylabel(panel.unit)
    _epochs(axes, runs, ticks=5)


def _ends(panel: Panel, runs: Runs) -> list[float]:
    """All values, and the upper ends of the floors."""
    values = [float(value) for run in runs for value in run.series(panel.key)[1]]
    return [*values, *(high for _, high in floors(runs, panel.key).values())]


def _spans_decades(panel: Panel, runs: Runs) -> bool:
    ends = _ends(panel, runs)
    return min(ends) > 0 and max(ends) / min(ends) > 5


def _log_bottom(panel: Panel, runs: Runs) -> float:
    """The end of a log axis for a floor that begins at 0 or below."""
    return min(_ends(panel, runs)) / 2


def _bands(axes: Axes, panel: Panel, runs: Runs, log: bool) -> None:
    """Grey where runs share a floor or there is one alone, else in its run's colour."""
    by_run = floors(runs, panel.key)
    ranges = list(by_run.values())
    for low, high in dict.fromkeys(ranges):
        owners = [number for number, ends in by_run.items() if ends == (low, high)]
        own = len(owners) == 1 and len(set(ranges)) > 1
        colour, opacity = (RunStyle(number=owners[0]).colour, 0.25) if own else (BAND, 0.8)
        bottom = _log_bottom(panel, runs) if log and low <= 0 else low
        axes.axhspan(bottom, high, color=colour, alpha=opacity, linewidth=1.0, zorder=0.5)


def _epochs(axes: Axes, runs: Runs, ticks: int = 10) -> None:
    epochs = [epoch for run in runs for epoch in run.epochs]
    epoch_axis(axes, min(epochs), max(epochs), ticks)
