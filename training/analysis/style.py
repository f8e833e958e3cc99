"""How the pictures look: colours of Okabe and Ito, a line style and a marker beside each so that grey paper tells
them apart too, and settings of our own in place of whatever the machine's matplotlib is set to.

Figures are built and rendered inside `house_style`; the bytes depend on the numbers alone.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

INK, GREY, BAND = "#222222", "#6b6b6b", "#d9d9d9"
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "v", "P", "X", "<")
Line = Literal["-"] | tuple[float, tuple[float, ...]]
LINES: tuple[Line, ...] = ("-", (0, (5, 2)), (0, (1, 1)), (0, (6, 2, 1, 2)))
DOTS_PER_INCH = 150
WIDTH_IN = 9.0

SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.xmargin": 0.02,
    "figure.titleweight": "bold",
    "figure.titlesize": 12,
    "grid.color": "#ececec",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "legend.handlelength": 2.8,
    "lines.linewidth": 1.5,
    "lines.markersize": 4.5,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "savefig.facecolor": "white",
    "svg.hashsalt": "ghostnote",
    "text.parse_math": False,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Ours over matplotlib's own defaults; the process's settings are as they were afterwards."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        yield


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStyle:
    """What tells the n-th run from the others; no two of the first forty-two are alike."""

    number: int

    @property
    def colour(self) -> str:
        return COLOURS[self.number % len(COLOURS)]

    @property
    def marker(self) -> str:
        return MARKERS[self.number % len(MARKERS)]

    @property
    def line(self) -> Line:
        return LINES[self.number % len(LINES)]

    def markers_at(self, points: int) -> list[int]:
        """Which of so many points carry a marker: about eight, each run's at places of its own; all of a few."""
        apart = max(points // 8, 1)
        start = (self.number * apart // 3) % apart
        return list(range(start, points, apart))


def epoch_axis(axes: Axes, first: int, last: int, ticks: int = 8) -> None:
    axes.set_xlabel("epoch")
    room = max((last - first) * 0.02, 0.5)
    axes.set_xlim(first - room, last + room)
    axes.xaxis.set_major_locator(MaxNLocator(ticks, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))


def log_axis(axes: Axes) -> None:
    """Ticks at 1, 2, 5, 10, written out."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(10, subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def render_png(figure: Figure) -> bytes:
    return _rendered(figure, "png", {"Software": None})


def render_svg(figure: Figure) -> bytes:
    return _rendered(figure, "svg", {"Date": None, "Creator": None})


def _rendered(figure: Figure, form: str, metadata: dict[str, None]) -> bytes:
    """Drawn by Agg or as SVG, whatever matplotlib would show figures with; without dates and versions."""
    out = io.BytesIO()
    with _any_letters():
        figure.savefig(out, format=form, dpi=DOTS_PER_INCH, metadata=metadata)
    return out.getvalue()


@contextmanager
def _any_letters() -> Iterator[None]:
    """A run may be named in letters that the font lacks: boxes in the legend then, and no warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield
