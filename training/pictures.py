"""A few bars as a picture: where each voice sounds, how hard, and how early or late."""

from __future__ import annotations

import io
from collections.abc import Sequence

from instrument.core.bar import Bar, Grid, decode
from instrument.core.drums import Voice
from instrument.core.timebase import BAR_TICKS, PPQ

COLUMNS = 2
DPI = 100
INK, RULE, BEAT = "#0072B2", "#D9D9D9", "#8C8C8C"


def bars_picture(bars: Sequence[Bar], title: str) -> bytes:
    """A PNG: a panel a bar, time from left to right, a stroke's height its velocity. The same bars give the same
    bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = -(-len(bars) // COLUMNS)
    figure = Figure(figsize=(11, 1.1 + 1.75 * rows), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=11)
    panels = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False)
    for number, panel in enumerate(panels.flat):
        if number < len(bars):
            _draw(panel, bars[number], number + 1)
        else:
            panel.set_axis_off()
    for panel in panels[-1]:
        panel.set_xlabel("beat", fontsize=8)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _draw(panel, bar: Bar, number: int) -> None:  # type: ignore[no-untyped-def]
    planes, voices, steps = bar.onset.shape
    hits, _ = decode(bar, grid=Grid(planes=planes, steps=steps))
    for step in range(steps + 1):
        beat = step * BAR_TICKS // steps % PPQ == 0
        panel.axvline(step * BAR_TICKS / steps, color=BEAT if beat else RULE, linewidth=0.8 if beat else 0.4, zorder=0)
    foot = voices - 1 - hits.voice
    panel.vlines(hits.tick, foot, foot + 0.12 + 0.75 * hits.velocity / 127, color=INK, linewidth=2.2)
    panel.set_title(f"bar {number}", fontsize=8, loc="left", pad=2)
    panel.set_xlim(-BAR_TICKS / steps / 2, BAR_TICKS + BAR_TICKS / steps / 2)
    panel.set_ylim(-0.2, voices)
    panel.set_yticks([place + 0.4 for place in range(voices)], [Voice(voices - 1 - p).label for p in range(voices)])
    panel.set_xticks([beat * PPQ for beat in range(4)], ["1", "2", "3", "4"])
    panel.tick_params(length=0, labelsize=7)
    for side in ("top", "right", "left"):
        panel.spines[side].set_visible(False)
