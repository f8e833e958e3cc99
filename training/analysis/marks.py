"""What is drawn into axes: a run's line with the star of its recommended epoch, a level with its name."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from training.analysis.studied import Doubles, StudiedRun
from training.analysis.style import GREY, Line, RunStyle

THIN = 0.45
"""Opacity of single epochs behind their mean."""


def smoothing(epochs: int) -> int:
    """Over how many epochs a noisy line is averaged: an odd number, about a thirtieth; 1 for a short run."""
    return 2 * (epochs // 60) + 1


def running_mean(values: Doubles, around: int) -> Doubles:
    """Of the `around` nearest values, fewer at the ends; [N] -> [N]."""
    reach = around // 2
    return np.array([values[max(n - reach, 0) : n + reach + 1].mean() for n in range(len(values))])


def draw(axes: Axes, run: StudiedRun, key: str, style: RunStyle, line: Line) -> None:
    epochs, values = run.series(key)
    if not len(epochs):
        return
    _plot(axes, epochs, values, style, line, f"{run.name}: {key}")
    _star(axes, run, key, style)


def draw_smooth(axes: Axes, run: StudiedRun, key: str, style: RunStyle, line: Line) -> None:
    """As `draw`, with the mean of the neighbours in front where the run is long."""
    epochs, values = run.series(key)
    around = smoothing(len(epochs))
    if around == 1:
        draw(axes, run, key, style, line)
        return
    axes.plot(epochs, values, color=style.colour, linewidth=0.7, alpha=THIN, label=f"{run.name}: {key}")
    _plot(axes, epochs, running_mean(values, around), style, line, f"{run.name}: {key}, mean of {around}")
    _star(axes, run, key, style)


def reference(axes: Axes, value: float, words: str) -> None:
    axes.axhline(value, color=GREY, linestyle=":", linewidth=1.2, label=words.replace("\n", " "))
    axes.annotate(words, (1.01, value), xycoords=axes.get_yaxis_transform(), va="center", color=GREY, fontsize=9)


def say_nothing(axes: Axes) -> None:
    axes.annotate("not measured in these runs", (0.5, 0.8), xycoords="axes fraction", ha="center", color=GREY)


def _plot(axes: Axes, epochs: Doubles, values: Doubles, style: RunStyle, line: Line, label: str) -> None:
    axes.plot(
        epochs,
        values,
        color=style.colour,
        linestyle=line,
        marker=style.marker,
        markevery=style.markers_at(len(epochs)),
        markeredgecolor="white",
        markeredgewidth=0.6,
        label=label,
    )


def _star(axes: Axes, run: StudiedRun, key: str, style: RunStyle) -> None:
    chosen = run.choice.epoch if run.choice else None
    best = None if chosen is None else run.at(key, chosen)
    if chosen is not None and best is not None:
        axes.plot(
            [chosen],
            [best],
            marker="*",
            markersize=15,
            color=style.colour,
            markeredgecolor="white",
            markeredgewidth=1.0,
            linestyle="",
            zorder=4,
            clip_on=False,
            label=f"{run.name}: {key}, recommended",
        )
