"""What the player can turn, and what the screen shows: frozen snapshots, made by the session and read by anybody."""

from __future__ import annotations

from dataclasses import dataclass

from instrument.core.bar import Bar
from instrument.core.manifest import Manifest
from instrument.core.timebase import MAX_BPM, MIN_BPM
from instrument.engine.messages import OWN_CLOCK
from instrument.engine.messages import ClockFacts as ClockFacts
from instrument.session.errands import Told
from instrument.session.knobs import Knobs as Knobs
from instrument.session.lengths import MORPHS, USUAL_CAPTURE
from instrument.session.partner import NO_PARTNER, PartnerView
from instrument.session.places import Landmark
from instrument.session.snapshots import SLOTS

NOTHING_TOLD = Told()

LARGEST_OFFSET_MS = 1000.0


def check_tempo(tempo_bpm: float) -> float:
    """Raises ValueError outside 20..300."""
    if not MIN_BPM <= tempo_bpm <= MAX_BPM:
        raise ValueError(f"a tempo of {tempo_bpm:g} BPM is not in {MIN_BPM:g}..{MAX_BPM:g}")
    return tempo_bpm


def check_offset(offset_ms: float) -> float:
    """Raises ValueError for more than a second."""
    if not abs(offset_ms) <= LARGEST_OFFSET_MS:
        raise ValueError(f"an offset of {offset_ms:g} ms is not in -{LARGEST_OFFSET_MS:g}..{LARGEST_OFFSET_MS:g}")
    return offset_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The port and its timing.

    `port` is what other programs see; `advice` what would make it better; `trouble` what is wrong now; `clock` who
    leads, and how well we follow. `knob_...`: from a turned knob to the engine's word that it plays the change; 0
    before one was turned.
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
    clock: ClockFacts = OWN_CLOCK
    knob_p50_ms: float = 0.0
    knob_p99_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HandsShown:
    """`learned`: what each target is learnt from, as (id, label); `prompt`: what learning waits for, or ""."""

    learned: tuple[tuple[str, str], ...] = ()
    prompt: str = ""

    def label(self, id: str) -> str:
        """ "cc74", or "" for what nothing turns."""
        return next((label for name, label in self.learned if name == id), "")


NO_HANDS = HandsShown()


@dataclass(frozen=True, slots=True, kw_only=True)
class StageView:
    """One picture of the performance. `position_ticks` counts from bar 0 and is extrapolated to the moment of asking.

    `now` and `next` are the bars as they sound, after groove; None before there is one. `fill_in` counts bars until an
    armed fill, 0 while it sounds, -1 with none armed; `builds`: a fill is being held. `back`: how many bars back lies
    the one that is listened to again. `snapshots` tells of each slot whether something is in it; `morphs`: a morph is
    on its way; `morph_bars`, `capture_bars`: how long the next ones are. `code` brings the bar that sounds back.
    `holds`: changes wait for the bar line. `monitored`: the built-in kit sounds. `pads`: (channel 0..15, note) of each
    voice. `told` is the newest thing that was done aside; `landmarks`: the named places of the latent.
    `hands`: what controllers have learnt. `partner`: another player, and what is made of them.
    `past`: the last four bars that have sounded, with their indices; `after`: the one after the next.
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
    builds: bool = False
    back: int = 0
    snapshots: tuple[bool, ...] = (False,) * len(SLOTS)
    morphs: bool = False
    morph_bars: int = MORPHS[0]
    capture_bars: int = USUAL_CAPTURE
    code: str = ""
    holds: bool = False
    monitored: bool = False
    pads: tuple[tuple[int, int], ...] = ()
    told: Told = NOTHING_TOLD
    landmarks: tuple[Landmark, ...] = ()
    hands: HandsShown = NO_HANDS
    partner: PartnerView = NO_PARTNER
    past: tuple[tuple[int, Bar], ...] = ()
    after: Bar | None = None
