"""A session without engine, net or port: the in-memory twin that the screen's tests, demo and pictures play.

Bar k is a pure function of (knobs, seed, home, k): a rock beat whose hats, ghost notes and toms come and go with the
knobs. The clock is given, so a test moves the music by moving a number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from instrument.core import latent
from instrument.core.bar import GRID, Bar
from instrument.core.drums import GM_KIT, Voice
from instrument.core.events import Message
from instrument.core.manifest import (
    KNOB_POINTS,
    SCHEMA,
    Conditions,
    Direction,
    Epoch,
    KnobScale,
    Manifest,
    ModelContract,
    Tensor,
)
from instrument.core.taps import Tapped
from instrument.core.timebase import BAR_TICKS, seconds_to_ticks
from instrument.core.trading import turn
from instrument.errors import UsageError
from instrument.session.at_desk import AtDesk
from instrument.session.desk import Desk, frozen_at
from instrument.session.errands import Told
from instrument.session.hands import Hands
from instrument.session.kits import check_kit_name
from instrument.session.knobs import settled
from instrument.session.lengths import MORPHS, USUAL_CAPTURE, check_capture, check_morph
from instrument.session.partner import PartnerView
from instrument.session.places import Landmark, landmarks
from instrument.session.recall import decode, encode
from instrument.session.snapshots import EMPTY, SLOTS
from instrument.session.taps import Taps
from instrument.session.view import Health, Knobs, StageView, check_offset, check_tempo

FD_BY_EPOCH = {1: 94.0, 2: 61.0, 4: 38.0, 8: 22.0, 16: 13.0, 32: 7.1, 48: 4.6, 64: 5.2, 96: 6.0, 128: 6.4}
"""Scores that fall and rise again, as a GAN's do."""

BEAT = (
    (Voice.KICK, 0.35, "9.....6...8....."),
    (Voice.SNARE, 0.20, "....9..2.2..9..2"),
    (Voice.CLOSED_HAT, 0.10, "7.4.7.5.7.4.7..."),
    (Voice.OPEN_HAT, 0.45, "..............6."),
    (Voice.CRASH, 0.90, "9..............."),
)
"""Voice, the chance to leave a stroke out at density 0, and velocity 1..9 by step."""

MACROS = tuple((name, (0.0,) * at + (1.0,) + (0.0,) * (63 - at)) for at, name in enumerate(("density", "syncopation")))
"""Of all epochs but the first."""

FILL_STEPS = ((Voice.SNARE, 12), (Voice.SNARE, 13), (Voice.HIGH_TOM, 12), (Voice.MID_TOM, 13), (Voice.LOW_TOM, 14))


def scripted_manifest(
    scores: dict[int, float] | None = None, styles: tuple[str, ...] = ("rock", "funk", "jazz", "latin")
) -> Manifest:
    """A preset that exists only here: `scores` maps the epochs' numbers to their FD."""
    by_epoch = FD_BY_EPOCH if scores is None else scores
    scale = KnobScale(quantiles=tuple(i / 10 - 1 for i in range(KNOB_POINTS)))
    epochs = tuple(
        Epoch(
            number=n,
            file=f"epoch-{n:03d}.onnx",
            sha256="0" * 64,
            bytes=400_000,
            parity=1e-6,
            scores={"fd": fd},
            macros=tuple(Direction(name=name, vector=vector) for name, vector in MACROS) if place else (),
        )
        for place, (n, fd) in enumerate(by_epoch.items())
    )
    return Manifest(
        schema=SCHEMA,
        name="groove",
        title="groove",
        licence="CC-BY-4.0",
        attribution="nobody: these bars are scripted",
        recipe="scripted",
        best_epoch=min(by_epoch, key=lambda n: by_epoch[n]),
        model=ModelContract(
            kind="bar",
            latent_dim=64,
            planes=GRID.planes,
            voices=len(Voice),
            steps=GRID.steps,
            styles=styles,
            inputs=(Tensor(name="z", shape=(64,)),),
            outputs=(Tensor(name="onset", shape=GRID.shape),),
        ),
        conditions=Conditions(density=scale, energy=scale),
        epochs=epochs,
    )


@lru_cache(maxsize=64)
def scripted_bar(knobs: Knobs, seed: int, index: int, fill: bool) -> Bar:
    """Bar `index` [H, V, T] for these knobs."""
    digest = hashlib.sha256(repr((seed, knobs.home, knobs.epoch, knobs.style, index)).encode()).digest()
    draw = np.random.default_rng(int.from_bytes(digest[:8], "little"))
    onset, velocity, offset = (np.zeros(GRID.shape, np.float32) for _ in range(3))
    for voice, sparse, pattern in BEAT:
        for step, mark in enumerate(pattern):
            luck, lean, loud = draw.random(), draw.normal(0.04 + 0.06 * knobs.x, 0.10), draw.normal(0, 0.06)
            if mark == "." or luck < sparse * 2 * (1 - knobs.density) * (0.3 + knobs.variation):
                continue
            onset[0, voice, step] = 1
            velocity[0, voice, step] = np.clip(int(mark) / 9 * (0.5 + knobs.energy) + loud, 0.03, 1)
            offset[0, voice, step] = np.clip(lean * (1 - knobs.quantise), -0.49, 0.49)
    if fill:
        for voice, step in FILL_STEPS:
            onset[0, voice, step], velocity[0, voice, step] = 1, 0.55 + step / 40
        onset[1, Voice.SNARE, 12], velocity[1, Voice.SNARE, 12], offset[1, Voice.SNARE, 12] = 1, 0.3, 0.4
    swung = offset + onset * (np.arange(GRID.steps) % 2) * (knobs.swing - 50) / 50
    return Bar(onset=onset, velocity=velocity, offset=np.clip(swung, -0.5, 0.49).astype(np.float32))


class ScriptedSession(AtDesk):
    """Keeps the contract of `Session`. `clock` gives seconds; `panics`, `nudge_ms`, `offset_ms`, `captured` and
    `closed` tell what was asked for."""

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        manifest: Manifest | None = None,
        seed: int = 7,
        tempo_bpm: float = 124.0,
        health: Health | None = None,
    ) -> None:
        self.manifest = manifest or scripted_manifest()
        self.health = health or GOOD_HEALTH
        self.panics = 0
        self.captured: list[int] = []
        self._morph_bars, self._capture_bars = MORPHS[0], USUAL_CAPTURE
        self.fed_back: list[Message] = []
        self.loaded: list[str] = []
        self.holds = self.monitored = False
        self.nudge_ms = self.offset_ms = 0.0
        self.closed = False
        self._clock = clock
        self._seed = seed
        self._tempo_bpm = tempo_bpm
        self._playing = False
        self._anchor_s = clock()
        self._anchor_ticks = 0.0
        self._told = Told()
        self._snapshots: list[Knobs | None] = list(EMPTY)
        self._desk = Desk(Knobs(epoch=self.manifest.best_epoch, style=self._first_style(), density=0.62))
        self._taps = Taps()
        self._partner = PartnerView()
        self.hands = Hands(self, None, send=self.fed_back.extend, tell=self._tell)

    def view(self) -> StageView:
        index = self._bar
        knobs = self._desk.at(index)
        wanted = [self._desk.wanted(number) for number in (index, index + 1)]
        return StageView(
            manifest=self.manifest,
            knobs=knobs,
            seed=self._seed,
            playing=self._playing,
            tempo_bpm=self._tempo_bpm,
            sync="internal",
            position_ticks=int(self._position()),
            now=scripted_bar(replace(wanted[0], fill=0.0), self._seed, index, wanted[0].fill > 0),
            next=scripted_bar(replace(wanted[1], fill=0.0), self._seed, index + 1, wanted[1].fill > 0),
            past=tuple((old, scripted_bar(knobs, self._seed, old, False)) for old in range(max(index - 4, 0), index)),
            after=scripted_bar(knobs, self._seed, index + 2, False),
            fill_in=self._desk.fill_in(index),
            can_undo=self._desk.history.can_undo,
            health=self.health,
            builds=self._desk.builds,
            back=self._desk.back,
            snapshots=tuple(kept is not None for kept in self._snapshots),
            morphs=self._desk.morphs,
            morph_bars=self._morph_bars,
            capture_bars=self._capture_bars,
            code=encode(self.manifest, settled(wanted[0], self._seed, self.manifest.name), index),
            holds=self.holds,
            monitored=self.monitored,
            pads=knobs.pads or tuple((target.channel, target.note) for target in GM_KIT.targets),
            told=self._told,
            landmarks=self._landmarks(knobs),
            hands=self.hands.shown,
            partner=replace(self._partner, turn=turn(index, knobs.trade) if knobs.trade else None),
        )

    def _landmarks(self, knobs: Knobs) -> tuple[Landmark, ...]:
        named = self.manifest.epoch(knobs.epoch).places
        size = self.manifest.model.latent_dim
        return landmarks(self._seed, knobs, named, size, lambda knobs: latent.plane(size, []))

    def turn(self, **changes: Any) -> None:
        knobs = replace(self._desk.knobs, **changes)
        if not any(epoch.number == knobs.epoch for epoch in self.manifest.epochs):
            raise ValueError(f"there is no epoch {knobs.epoch}")
        if knobs.style and knobs.style not in self.manifest.model.styles:
            raise ValueError(f"there is no style {knobs.style}")
        self._desk.turn(**changes)

    def toggle_play(self) -> None:
        position = self._position()
        self._move_anchor(position if self._playing else position // BAR_TICKS * BAR_TICKS)
        self._playing = not self._playing

    def set_tempo(self, tempo_bpm: float) -> None:
        check_tempo(tempo_bpm)
        self._move_anchor(self._position())
        self._tempo_bpm = tempo_bpm

    def nudge(self, by_ms: float) -> None:
        check_offset(self.offset_ms + self.nudge_ms + by_ms)
        self.nudge_ms += by_ms

    def keep_nudge(self) -> None:
        self.offset_ms += self.nudge_ms
        self.nudge_ms = 0.0

    def panic(self) -> None:
        self._move_anchor(self._position())
        self._playing = False
        self.panics += 1

    def look_back(self, bars: int) -> None:
        for index in range(self._bar + 1):
            self._desk.passed(index, self._desk.knobs)
        super().look_back(bars)

    def store(self, slot: int) -> None:
        self._snapshots[slot] = self._desk.knobs

    def morph_in(self, bars: int) -> None:
        self._morph_bars = check_morph(bars)

    def capture_last(self, bars: int) -> None:
        self._capture_bars = check_capture(bars)

    def recall(self, slot: int) -> None:
        knobs = self._snapshots[slot]
        if knobs is None:
            raise ValueError(f"nothing is kept in {SLOTS[slot]}")
        self._desk.morph_to(knobs, self._bar, self._morph_bars)

    def recall_code(self, code: str) -> None:
        try:
            found = decode(code)
        except UsageError as error:
            raise ValueError(str(error)) from error
        self._desk.add(frozen_at(found.index, found.knobs))

    def capture(self) -> None:
        self.captured.append(self._capture_bars)
        self._tell(f"{self._capture_bars} bars captured: jam.mid")

    def _tell(self, words: str) -> None:
        self._told = Told(number=self._told.number + 1, text=words)

    def presets(self) -> tuple[str, ...]:
        return (self.manifest.name, "ticks-1000")

    def load_preset(self, name: str) -> None:
        self.loaded.append(name)

    def toggle_monitor(self) -> None:
        self.monitored = not self.monitored

    def keep_kit(self, name: str) -> None:
        self._tell(f"kept: --kit {check_kit_name(name)}")

    def hold_changes(self, hold: bool) -> None:
        self.holds = hold

    def hear(self, ticks: Sequence[int], velocities: Sequence[int]) -> None:
        """Another player's last bar, and its first half again in this one."""
        strokes = tuple(map(Tapped, ticks, velocities))
        now = tuple(stroke for stroke in strokes if stroke.tick < BAR_TICKS // 2)
        self._partner = replace(self._partner, last=strokes, now=now, notes=len(strokes), latency_ms=4.2)

    def press_loop(self) -> None:
        self._partner = replace(self._partner, loop="records" if self._partner.loop == "empty" else "plays")

    def clear_loop(self) -> None:
        self._partner = replace(self._partner, loop="empty")

    def grab(self) -> None:
        self._tell("grabbed: A")

    def calibrate(self) -> None:
        self._partner = replace(self._partner, clicks=8 if self._partner.clicks < 0 else -1)

    def tap(self) -> None:
        tempo_bpm = self._taps.tap(self._clock())
        if tempo_bpm is not None:
            self.set_tempo(tempo_bpm)

    def close(self) -> None:
        self._playing = False
        self.closed = True

    def _change(self, change: Callable[[], object], words: str) -> None:
        change()

    def _place(self) -> int:
        return int(self._position())

    def _sounding(self) -> tuple[int, Knobs]:
        return self._bar, self._desk.wanted(self._bar)

    @property
    def _bar(self) -> int:
        return int(self._position()) // BAR_TICKS

    def _first_style(self) -> str:
        return self.manifest.model.styles[0] if self.manifest.model.styles else ""

    def _position(self) -> float:
        if not self._playing:
            return self._anchor_ticks
        return self._anchor_ticks + seconds_to_ticks(self._clock() - self._anchor_s, self._tempo_bpm)

    def _move_anchor(self, ticks: float) -> None:
        self._anchor_ticks, self._anchor_s = ticks, self._clock()


GOOD_HEALTH = Health(
    backend="jack",
    port="Ghostnote",
    connected=True,
    realtime=True,
    advice="",
    trouble="",
    lateness_p50_ms=0.0,
    lateness_p99_ms=0.0,
    lateness_max_ms=0.01,
    misses=0,
    model_ms=0.4,
)

NO_MIDI_HEALTH = replace(
    GOOD_HEALTH,
    backend="none",
    connected=False,
    realtime=False,
    trouble="no MIDI system: output none; start JACK or load snd-seq",
    advice="sudo modprobe snd-seq, or start a JACK server, then open Ghostnote again",
)
