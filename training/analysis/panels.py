"""Which scores are drawn, and how each is read."""

from __future__ import annotations

from dataclasses import dataclass

from training.runs import RECALL_LEAST, SILENT_MOST


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """How one score is drawn. `better`: an arrow, or nothing where only nearness to real bars counts. `log`: where the
    values allow it. `zero`: the axis starts there. `gate`: beyond it an epoch is not recommended. `chance`: what a
    judge that can't tell comes to.
    """

    key: str
    title: str
    unit: str
    better: str = ""
    log: bool = False
    zero: bool = False
    gate: float | None = None
    chance: float | None = None


PANELS = (
    Panel(key="c2st", title="told from drummers' (C2ST)", unit="share of bars", better="↓", chance=0.5),
    Panel(key="fd", title="rhythm apart (FD)", unit="squared distance", better="↓", log=True),
    Panel(key="kid", title="rhythm apart (KID)", unit="100 × squared MMD", better="↓", log=True),
    Panel(key="precision", title="like real ones (precision)", unit="share of bars", better="↑"),
    Panel(key="recall", title="variety (recall)", unit="share of real bars", better="↑", gate=RECALL_LEAST),
    Panel(key="coverage", title="real bars met (coverage)", unit="share of real bars", better="↑"),
    Panel(key="w1_velocity", title="loudness off (W1)", unit="MIDI velocity", better="↓", zero=True),
    Panel(key="w1_offset", title="timing off (W1)", unit="16th steps", better="↓", zero=True),
    Panel(key="density", title="how full", unit="hits a bar"),
    Panel(key="backbeat", title="snare on two and four", unit="share of bars"),
    Panel(key="hands3", title="asks for three hands", unit="% of steps hit", better="↓", zero=True),
    Panel(key="silent", title="bars without a hit", unit="share of bars", better="↓", zero=True, gate=SILENT_MOST),
)
