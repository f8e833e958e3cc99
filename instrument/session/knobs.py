"""Everything that the player's hands have set, as one frozen value: a bar is made from it, a seed and a number."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from instrument.core.drums import VOICES
from instrument.core.groove import MOST_LATE_TICKS
from instrument.core.latent import LARGEST_SEED
from instrument.core.taps import Tapped
from instrument.core.timebase import BAR_TICKS
from instrument.core.trading import MOST_BARS as MOST_TRADED

PARTS = (
    "density",
    "energy",
    "fill",
    "variation",
    "quantise",
    "humanise",
    "truncation",
    "walk",
    "glide",
    "morph",
    "follow",
    "distance",
    "least",
    "most",
)
"""The knobs from 0 to 1."""

WAITS = ("play", "hat", "rest")
"""What we do while the player is silent, or while it is their turn."""

MOST_HEARD = 256
"""Strokes that a bar can know."""

MOST_BARS = 64
"""The longest that a walk's leg or the way to an automatic fill takes."""

LARGEST_LATENT = 4096
MOST_PADS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A voice whose strokes stay those of bar `index` as these knobs make it."""

    voice: int
    index: int
    knobs: Knobs

    def __post_init__(self) -> None:
        if not 0 <= self.voice < VOICES:
            raise ValueError(f"{self.voice} is not a voice")
        if self.index < 0 or self.knobs.locks:
            raise ValueError("a lock keeps a bar that was played, without locks of its own")


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """Everything that shapes a bar, apart from the seed. Ranges are 0..1 unless said otherwise.

    What the net is given. `epoch`; `preset`: a name, or "" for the one that the performance began with; `glide`: how
    far towards the next later epoch. `style`: a name of the preset's, or "" for a mixture as in the training beats.
    `density`, `energy`: places in the training bars' distribution (0.5 the median). `fill`.

    Where in the latent. `seed`: of all that is drawn, or -1 for the performance's own. `home`: the number of the
    latent that "new z" draws, or `z`, numbers of its own. `x`, `y`: -1..1, the pad over two directions;
    `pad`: which two (see `Epoch.axes`). `truncation`:
    1 is all of the latent, 0 its middle. `walk`: how far home wanders, each leg `walk_bars` long. `variation`: how far
    a bar strays from home, 0 a loop, 1 a fresh draw. `phrase`: bars for
    which a net of phrases holds what they share, 0 for good. `toward`, `morph`: another place, and how far to it.

    What is done to it. `swing`: 50..75 %. `quantise`: 1 puts every onset on the grid. `humanise`: how far the hands
    wander about the beat. `accent`: -1 (all alike) to 1. `softest`, `loudest`: the range of velocities, 1..127.
    `fill_every`: bars from one automatic fill to the next, 0 for none. `landing`: whether a fill has come before.

    By voice. `late`: ticks, +-MOST_LATE_TICKS; `voice_density`: the share of strokes that is kept; `voice_velocity`:
    -1..1, softer or louder; `pads`: (channel 0..15, note) in place of the kit map's; each for all nine, or () for
    none. `muted`: voices that rest. `soloed`: where there are any, all others rest. `locks`.

    With another player. `follow`: how far from our own groove to theirs. `with_energy`: whether density and energy go
    by how busily and how hard they play, between `least` and `most`. `waits`: one of `WAITS`. `trade`: bars to a turn,
    0 for no turns; `distance`: how far an answer strays from what it answers. `theirs`: voices that are theirs, so not
    ours; `complement`: those that they are heard to play, too. What is added to these for one bar (see
    `session.along`): `heard`, their strokes as `core.taps` lets the bar know them; `call`, the bar that it answers;
    `hushed`: it waits; `clicks`: it is four clicks and nothing else.
    """

    epoch: int
    preset: str = ""
    glide: float = 0.0
    style: str = ""
    density: float = 0.5
    energy: float = 0.5
    fill: float = 0.0
    seed: int = -1
    home: int = 0
    z: tuple[float, ...] = ()
    x: float = 0.0
    y: float = 0.0
    pad: int = 0
    truncation: float = 1.0
    walk: float = 0.0
    walk_bars: int = 8
    variation: float = 0.4
    phrase: int = 4
    toward: Knobs | None = None
    morph: float = 0.0
    quantise: float = 0.0
    swing: float = 50.0
    humanise: float = 0.0
    accent: float = 0.0
    softest: int = 1
    loudest: int = 127
    fill_every: int = 0
    landing: bool = False
    late: tuple[int, ...] = ()
    voice_density: tuple[float, ...] = ()
    voice_velocity: tuple[float, ...] = ()
    pads: tuple[tuple[int, int], ...] = ()
    muted: frozenset[int] = frozenset()
    soloed: frozenset[int] = frozenset()
    locks: tuple[Lock, ...] = ()
    follow: float = 0.0
    with_energy: bool = False
    least: float = 0.1
    most: float = 0.9
    waits: str = "hat"
    trade: int = 0
    distance: float = 0.3
    complement: bool = False
    theirs: frozenset[int] = frozenset()
    heard: tuple[Tapped, ...] = ()
    call: tuple[Tapped, ...] = ()
    hushed: bool = False
    clicks: bool = False

    def __post_init__(self) -> None:
        for name in PARTS:
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} {getattr(self, name):g} is not in 0..1")
        self._check_place()
        self._check_groove()
        self._check_voices()
        self._check_company()

    def _check_place(self) -> None:
        if not (-1.0 <= self.x <= 1.0 and -1.0 <= self.y <= 1.0):
            raise ValueError(f"the pad's place {self.x:g}, {self.y:g} is not in -1..1")
        if not -1 <= self.seed <= LARGEST_SEED:
            raise ValueError(f"a seed of {self.seed} is not in 0..{LARGEST_SEED}")
        if not 0 <= self.pad < MOST_PADS:
            raise ValueError(f"pad {self.pad} is not in 0..{MOST_PADS - 1}")
        if self.home < 0 or self.epoch < 0:
            raise ValueError("a latent or an epoch has no number below 0")
        if len(self.z) > LARGEST_LATENT or not all(map(math.isfinite, self.z)):
            raise ValueError("z holds a number that is not finite")
        if not 1 <= self.walk_bars <= MOST_BARS:
            raise ValueError(f"a walk's leg of {self.walk_bars} bars is not in 1..{MOST_BARS}")
        if not 0 <= self.phrase <= MOST_BARS:
            raise ValueError(f"phrase {self.phrase} is not in 0..{MOST_BARS}")
        if self.toward is not None and self.toward.toward is not None:
            raise ValueError("a morph leads to a place that rests")

    def _check_groove(self) -> None:
        if not 50.0 <= self.swing <= 75.0:
            raise ValueError(f"swing {self.swing:g} is not in 50..75")
        if not -1.0 <= self.accent <= 1.0:
            raise ValueError(f"accent {self.accent:g} is not in -1..1")
        if not 1 <= self.softest <= self.loudest <= 127:
            raise ValueError(f"velocities from {self.softest} to {self.loudest} are not within 1..127")
        if not 0 <= self.fill_every <= MOST_BARS:
            raise ValueError(f"a fill every {self.fill_every} bars is not in 0..{MOST_BARS}")

    def _check_voices(self) -> None:
        for name in ("late", "voice_density", "voice_velocity", "pads"):
            if len(getattr(self, name)) not in (0, VOICES):
                raise ValueError(f"{name} {getattr(self, name)} is not told for {VOICES} voices")
        if any(abs(ticks) > MOST_LATE_TICKS for ticks in self.late):
            raise ValueError(f"late {self.late} is not {VOICES} numbers of ticks in +-{MOST_LATE_TICKS}")
        if not all(0 <= part <= 1 for part in self.voice_density):
            raise ValueError("a voice's density is not in 0..1")
        if not all(-1 <= part <= 1 for part in self.voice_velocity):
            raise ValueError("a voice's velocity is not in -1..1")
        if not all(0 <= channel <= 15 and 0 <= note <= 127 for channel, note in self.pads):
            raise ValueError("a voice's channel is not in 1..16, or its note not in 0..127")
        if not self.muted | self.soloed <= set(range(VOICES)):
            raise ValueError(f"muted {sorted(self.muted)} or soloed {sorted(self.soloed)} are not voices")
        if len({lock.voice for lock in self.locks}) != len(self.locks):
            raise ValueError("a voice is locked twice")

    def _check_company(self) -> None:
        if self.waits not in WAITS:
            raise ValueError(f"waits {self.waits!r} is none of {', '.join(WAITS)}")
        if not 0 <= self.trade <= MOST_TRADED:
            raise ValueError(f"trading {self.trade} bars is not in 0..{MOST_TRADED}")
        if not self.theirs <= set(range(VOICES)):
            raise ValueError(f"{sorted(self.theirs)} are not voices")
        for strokes in (self.heard, self.call):
            if len(strokes) > MOST_HEARD or not all(_is_stroke(stroke) for stroke in strokes):
                raise ValueError("a stroke of the player's is out of range")

    @property
    def locked(self) -> frozenset[int]:
        """The voices that keep their strokes."""
        return frozenset(lock.voice for lock in self.locks)

    @property
    def frozen(self) -> bool:
        """Whether all voices are locked."""
        return len(self.locks) == VOICES

    @property
    def resting(self) -> frozenset[int]:
        """The voices that don't sound: muted, or not among those soloed."""
        unsoloed = frozenset(range(VOICES)) - self.soloed if self.soloed else frozenset()
        return self.muted | unsoloed


def _is_stroke(stroke: Tapped) -> bool:
    tick, velocity, voice = stroke
    return abs(tick) <= 2 * BAR_TICKS and 1 <= velocity <= 127 and -1 <= voice < VOICES


def settled(knobs: Knobs, seed: int, preset: str) -> Knobs:
    """The same knobs, naming the performance's own seed and preset wherever they left them out."""
    return replace(
        knobs,
        seed=seed if knobs.seed < 0 else knobs.seed,
        preset=knobs.preset or preset,
        toward=None if knobs.toward is None else settled(knobs.toward, seed, preset),
        locks=tuple(replace(lock, knobs=settled(lock.knobs, seed, preset)) for lock in knobs.locks),
    )


def unsettled(knobs: Knobs, seed: int, preset: str) -> Knobs:
    """The inverse of `settled`."""
    return replace(
        knobs,
        seed=-1 if knobs.seed == seed else knobs.seed,
        preset="" if knobs.preset == preset else knobs.preset,
        toward=None if knobs.toward is None else unsettled(knobs.toward, seed, preset),
        locks=tuple(replace(lock, knobs=unsettled(lock.knobs, seed, preset)) for lock in knobs.locks),
    )
