"""What the player can turn, and what the screen shows: frozen snapshots, made by the session and read by anybody."""

from __future__ import annotations

from dataclasses import dataclass

from instrument.core.bar import Bar
from instrument.core.manifest import Manifest
from instrument.core.timebase import MAX_BPM, MIN_BPM


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """Everything that shapes a bar, apart from the seed. Ranges are 0..1 unless said otherwise.

    `density`, `energy`: places in the training bars' distribution (0.5 the median). `variation`: how far a bar strays
    from the home bar, 0 a loop, 1 a fresh draw. `phrase`: for how many bars a net of phrases holds what they share, 0
    for good, at most 64. `x`, `y`: -1..1, the pad over two directions of the latent.
    `home`: the number of the latent that "new z" draws. `swing`: 50..75 %. `quantise`: 1 puts every onset on the grid.
    `style`: a name of the preset's, or "" for a mixture as in the training beats.
    """

    epoch: int
    style: str = ""
    density: float = 0.5
    energy: float = 0.5
    fill: float = 0.0
    variation: float = 0.4
    phrase: int = 4
    x: float = 0.0
    y: float = 0.0
    home: int = 0
    quantise: float = 0.0
    swing: float = 50.0

    def __post_init__(self) -> None:
        for name in ("density", "energy", "fill", "variation", "quantise"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} {getattr(self, name):g} is not in 0..1")
        if not 0 <= self.phrase <= 64:
            raise ValueError(f"phrase {self.phrase} is not in 0..64")
        if not (-1.0 <= self.x <= 1.0 and -1.0 <= self.y <= 1.0):
            raise ValueError(f"the pad's place {self.x:g}, {self.y:g} is not in -1..1")
        if not 50.0 <= self.swing <= 75.0:
            raise ValueError(f"swing {self.swing:g} is not in 50..75")


def check_tempo(tempo_bpm: float) -> float:
    """Raises ValueError outside 20..300."""
    if not MIN_BPM <= tempo_bpm <= MAX_BPM:
        raise ValueError(f"a tempo of {tempo_bpm:g} BPM is not in {MIN_BPM:g}..{MAX_BPM:g}")
    return tempo_bpm


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The port and its timing.

    `port` is what other programs see; `advice` what would make it better; `trouble` what is wrong now.
    """

    backend: str
    port: str
    connected: bool
    realtime: bool
    advice: str
    trouble: str
    lateness_p50_ms: float
    lateness_p99_ms: float
    lateness_max_ms: float
    misses: int
    model_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StageView:
    """One picture of the performance. `position_ticks` counts from bar 0 and is extrapolated to the moment of asking.

    `now` and `next` are the bars as they sound, after groove; None before there is one. `fill_in` counts bars until an
    armed fill, 0 while it sounds, -1 with none armed.
    """

    manifest: Manifest
    knobs: Knobs
    seed: int
    playing: bool
    tempo_bpm: float
    sync: str
    position_ticks: int
    now: Bar | None
    next: Bar | None
    fill_in: int
    can_undo: bool
    health: Health
