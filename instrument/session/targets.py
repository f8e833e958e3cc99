"""What a controller can be given: every knob and every action of a session, one line each.

Ids are what maps of controllers keep, and don't change; those of the keys are the same as in keymaps. A knob's place is
0..1 from end to end, whatever it turns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from instrument.core.drums import Voice
from instrument.core.groove import MOST_LATE_TICKS
from instrument.errors import UsageError, nearest
from instrument.session.contract import Session
from instrument.session.dial import glided, next_epoch
from instrument.session.knobs import WAITS
from instrument.session.lengths import CAPTURES, MORPHS
from instrument.session.snapshots import SLOTS
from instrument.session.tour import go_on
from instrument.session.view import StageView

GLIDE = 0.25
SLOWEST_BPM, FASTEST_BPM = 60.0, 180.0
"""The ends of the tempo's knob, about a beat per minute for each of a controller's 128 places."""
FILLS_EVERY = (0, 2, 4, 8, 16)
TRADES = (0, 1, 2, 4, 8)
PRESET = "preset:"
"""Begins the id of an action that loads a preset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """`press` is done when a pad is hit; `release`, where there is one, when it is let go."""

    id: str
    name: str
    says: str
    press: Callable[[Session], object]
    release: Callable[[Session], object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """A field of `Knobs` from `low` to `high`, by `step` where it has steps; `inverted`: shown the other way round."""

    id: str
    name: str
    says: str
    field: str = ""
    low: float = 0.0
    high: float = 1.0
    step: float = 0.0
    inverted: bool = False

    def place(self, view: StageView) -> float:
        return self._place(float(getattr(view.knobs, self.field)))

    def turn(self, session: Session, view: StageView, place: float) -> None:
        """Raises ValueError where the session refuses."""
        value = self._value(place)
        current = getattr(view.knobs, self.field)
        if value != current:
            session.turn(**{self.field: type(current)(value)})

    def _place(self, value: float) -> float:
        place = min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)
        return 1 - place if self.inverted else place

    def _value(self, place: float) -> float:
        place = 1 - place if self.inverted else place
        value = self.low + min(max(place, 0.0), 1.0) * (self.high - self.low)
        return round(round(value / self.step) * self.step if self.step else value, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tempo(Knob):
    """Beats per minute."""

    def place(self, view: StageView) -> float:
        return self._place(view.tempo_bpm)

    def turn(self, session: Session, view: StageView, place: float) -> None:
        value = self._value(place)
        if value != view.tempo_bpm:
            session.set_tempo(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Knob):
    """One of several, each with as much of the knob's way."""

    options: Callable[[StageView], Sequence[Any]]

    def place(self, view: StageView) -> float:
        options, value = self.options(view), getattr(view.knobs, self.field)
        at = options.index(value) if value in options else 0
        return (at + 0.5) / len(options)

    def turn(self, session: Session, view: StageView, place: float) -> None:
        options = self.options(view)
        value = options[min(max(int(place * len(options)), 0), len(options) - 1)]
        if value != getattr(view.knobs, self.field):
            session.turn(**{self.field: value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Length(Knob):
    """One of several numbers of bars; `field` is the view's, `choose` the session's call."""

    options: Sequence[int]
    choose: Callable[[Session, int], None]

    def place(self, view: StageView) -> float:
        now = int(getattr(view, self.field))
        shorter = sum(bars < now for bars in self.options)
        return (min(shorter, len(self.options) - 1) + 0.5) / len(self.options)

    def turn(self, session: Session, view: StageView, place: float) -> None:
        bars = self.options[min(max(int(place * len(self.options)), 0), len(self.options) - 1)]
        if bars != getattr(view, self.field):
            self.choose(session, bars)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceKnob(Knob):
    """One voice's part of a knob that each voice has; `rest` is where all are that haven't been turned."""

    voice: int
    rest: float

    def place(self, view: StageView) -> float:
        return self._place(self._values(view)[self.voice])

    def turn(self, session: Session, view: StageView, place: float) -> None:
        values, value = self._values(view), self._value(place)
        if value != values[self.voice]:
            values[self.voice] = int(value) if self.step == 1 else value
            session.turn(**{self.field: tuple(values)})

    def _values(self, view: StageView) -> list[float]:
        return list(getattr(view.knobs, self.field) or (type(self.rest)(self.rest),) * len(Voice))


Target = Knob | Action


def epochs(view: StageView) -> Sequence[int]:
    return [epoch.number for epoch in view.manifest.epochs]


def _epoch(steps: int) -> Callable[[Session], None]:
    def move(session: Session) -> None:
        view = session.view()
        session.turn(epoch=next_epoch(view.manifest, view.knobs.epoch, steps))

    return move


def _tempo(change_bpm: float) -> Callable[[Session], None]:
    return lambda session: session.set_tempo(round(session.view().tempo_bpm + change_bpm, 1))


def _flip(field: str, voice: int) -> Callable[[Session], None]:
    def flip(session: Session) -> None:
        session.turn(**{field: getattr(session.view().knobs, field) ^ {voice}})

    return flip


def _recall(slot: int) -> Callable[[Session], None]:
    return lambda session: session.recall(slot)


def _store(slot: int) -> Callable[[Session], None]:
    return lambda session: session.store(slot)


def _glide(steps: float) -> Callable[[Session], None]:
    def move(session: Session) -> None:
        view = session.view()
        session.turn(**glided(view.manifest, view.knobs, steps))

    return move


def _lock(voice: int) -> Callable[[Session], None]:
    return lambda session: session.lock(voice)


def _pads(view: StageView) -> Sequence[int]:
    epoch = view.manifest.epoch(view.knobs.epoch)
    return range(1 + len(epoch.macros) // 2)


KNOBS: tuple[Knob, ...] = (
    Knob(id="density", name="Density", says="how much is played", field="density"),
    Knob(id="intensity", name="Intensity", says="how hard it is played", field="energy"),
    Knob(id="variation", name="Variation", says="how far bars stray from home", field="variation"),
    Knob(id="fill-amount", name="Fill amount", says="how much of a fill every bar is", field="fill"),
    Knob(id="feel", name="Feel", says="from the grid to the hands", field="quantise", inverted=True),
    Knob(id="quantise", name="Quantise", says="from the hands to the grid", field="quantise"),
    Knob(id="swing", name="Swing", says="how late the off-sixteenths fall", field="swing", low=50.0, high=75.0),
    Knob(id="humanise", name="Humanise", says="how far the hands wander about the beat", field="humanise"),
    Knob(id="accent", name="Accent", says="loud and soft apart", field="accent", low=-1.0),
    Knob(id="x", name="Latent across", says="the pad over the latent, left to right", field="x", low=-1.0),
    Knob(id="y", name="Latent up", says="the pad over the latent, bottom to top", field="y", low=-1.0),
    Knob(id="reach", name="Reach", says="usual bars, or all of the latent", field="truncation"),
    Knob(id="walk", name="Walk", says="how far home wanders, leg by leg", field="walk"),
    Knob(id="leg", name="Leg", says="bars to a leg of the walk", field="walk_bars", low=1, high=64, step=1),
    Knob(id="glide", name="Glide", says="on the way to the next later epoch", field="glide"),
    Knob(id="softest", name="Softest", says="the softest velocity", field="softest", low=1, high=127, step=1),
    Knob(id="loudest", name="Loudest", says="the loudest velocity", field="loudest", low=1, high=127, step=1),
    Knob(id="follow", name="Follow", says="from our own groove to yours", field="follow"),
    Knob(id="least", name="Least energy", says="where energy ends below", field="least"),
    Knob(id="most", name="Most energy", says="where energy ends above", field="most"),
    Knob(id="distance", name="Distance", says="how far an answer strays", field="distance"),
    Tempo(id="tempo", name="Tempo", says="60 to 180 BPM", low=SLOWEST_BPM, high=FASTEST_BPM, step=0.1),
    Choice(id="epoch", name="Epoch", says="how long it was trained", field="epoch", options=epochs),
    Choice(id="pad", name="Pad's axes", says="which pair of ways", field="pad", options=_pads),
    Choice(
        id="style",
        name="Style",
        says="in which manner it is played",
        field="style",
        options=lambda view: ("", *view.manifest.model.styles),
    ),
    Choice(
        id="fill-every",
        name="Fills by themselves",
        says="never, or every 2 to 16 bars",
        field="fill_every",
        options=lambda view: FILLS_EVERY,
    ),
    Choice(
        id="energy",
        name="Energy",
        says="density and intensity are ours, or go by how you play",
        field="with_energy",
        options=lambda view: (False, True),
    ),
    Length(
        id="morph",
        name="Morph",
        says="bars on the way to a snapshot",
        field="morph_bars",
        options=MORPHS,
        choose=lambda session, bars: session.morph_in(bars),
    ),
    Length(
        id="capture-bars",
        name="Capture length",
        says="1 to 32 bars",
        field="capture_bars",
        options=CAPTURES,
        choose=lambda session, bars: session.capture_last(bars),
    ),
    Choice(id="trade", name="Trade", says="bars in turn, you first", field="trade", options=lambda view: TRADES),
    Choice(
        id="we-wait",
        name="We wait",
        says="what we do in your silence and your turn",
        field="waits",
        options=lambda view: WAITS,
    ),
    Choice(
        id="make-room",
        name="Make room",
        says="we leave you the voices that you play",
        field="complement",
        options=lambda view: (False, True),
    ),
    *(
        VoiceKnob(
            id=f"{word}-{voice.label.replace(' ', '-')}",
            name=f"{word.capitalize()} of {voice.label}",
            says=says,
            field=field,
            low=low,
            high=high,
            step=step,
            voice=int(voice),
            rest=rest,
        )
        for word, says, field, low, high, step, rest in (
            ("level", "softer or louder", "voice_velocity", -1.0, 1.0, 0.0, 0.0),
            ("density", "how many of its strokes", "voice_density", 0.0, 1.0, 0.0, 1.0),
            ("late", "earlier or later", "late", -MOST_LATE_TICKS, MOST_LATE_TICKS, 1, 0),
        )
        for voice in Voice
    ),
)

ACTIONS: tuple[Action, ...] = (
    Action(id="play", name="Play or stop", says="start this bar, or stop", press=lambda s: s.toggle_play()),
    Action(id="fill", name="Fill", says="a fill; again: not", press=lambda s: s.fill()),
    Action(
        id="build",
        name="Build",
        says="a fill that grows until it is let go",
        press=lambda s: s.build(True),
        release=lambda s: s.build(False),
    ),
    Action(id="panic", name="Panic", says="silence everything now, and stop", press=lambda s: s.panic()),
    Action(id="tap", name="Tap tempo", says="tap the beat", press=lambda s: s.tap()),
    Action(id="tempo-up", name="Faster", says="1 BPM faster", press=_tempo(1)),
    Action(id="tempo-down", name="Slower", says="1 BPM slower", press=_tempo(-1)),
    Action(id="tempo-up-fine", name="A little faster", says="0.1 BPM faster", press=_tempo(0.1)),
    Action(id="tempo-down-fine", name="A little slower", says="0.1 BPM slower", press=_tempo(-0.1)),
    Action(id="nudge-later", name="Later", says="everything 1 ms later", press=lambda s: s.nudge(1)),
    Action(id="nudge-earlier", name="Earlier", says="everything 1 ms earlier", press=lambda s: s.nudge(-1)),
    Action(id="keep-nudge", name="Keep the nudge", says="remember it for this port", press=lambda s: s.keep_nudge()),
    Action(id="new-z", name="New z", says="draw a new home in the latent", press=lambda s: s.new_z()),
    Action(id="place", name="Named place", says="the next named place", press=go_on),
    Action(id="undo", name="Undo", says="back through what was turned", press=lambda s: s.undo()),
    Action(id="redo", name="Redo", says="forward again", press=lambda s: s.redo()),
    Action(id="epoch-down", name="Earlier epoch", says="trained less", press=_epoch(-1)),
    Action(id="epoch-up", name="Later epoch", says="trained more", press=_epoch(1)),
    Action(
        id="epoch-best",
        name="Best epoch",
        says="the epoch with the best score",
        press=lambda s: s.turn(epoch=s.view().manifest.best_epoch),
    ),
    Action(id="freeze", name="Freeze", says="repeat this bar; again: go on", press=lambda s: s.freeze()),
    Action(id="back", name="A bar back", says="hear it again, frozen", press=lambda s: s.look_back(1)),
    Action(id="forth", name="A bar forth", says="a newer one", press=lambda s: s.look_back(-1)),
    Action(id="capture", name="Capture", says="the last bars as a .mid", press=lambda s: s.capture()),
    Action(id="loop", name="Loop", says="the looper's pedal", press=lambda s: s.press_loop()),
    Action(id="clear-loop", name="Erase the loop", says="forget it", press=lambda s: s.clear_loop()),
    Action(id="grab", name="Grab", says="the bar you played becomes a place", press=lambda s: s.grab()),
    Action(id="calibrate", name="Calibrate", says="eight clicks find your latency", press=lambda s: s.calibrate()),
    *(
        Action(
            id=f"snapshot-{slot.lower()}",
            name=f"Snapshot {slot}",
            says=f"go to what was kept as {slot}",
            press=_recall(at),
        )
        for at, slot in enumerate(SLOTS)
    ),
    *(
        Action(id=f"store-{slot.lower()}", name=f"Keep {slot}", says=f"all knobs as {slot}", press=_store(at))
        for at, slot in enumerate(SLOTS)
    ),
    Action(id="glide-down", name="Glide back", says="to the epoch before", press=_glide(-GLIDE)),
    Action(id="glide-up", name="Glide on", says="to the next epoch", press=_glide(GLIDE)),
    Action(
        id="hold",
        name="Hold changes",
        says="until the bar line, or not",
        press=lambda s: s.hold_changes(not s.view().holds),
    ),
    Action(id="monitor", name="Monitor", says="hear the built-in kit here", press=lambda s: s.toggle_monitor()),
    *(
        Action(
            id=f"{verb}-{voice.label.replace(' ', '-')}",
            name=f"{verb.capitalize()} {voice.label}",
            says=says,
            press=_flip(field, int(voice)),
        )
        for verb, field, says in (("mute", "muted", "it rests"), ("solo", "soloed", "all others rest"))
        for voice in Voice
    ),
    *(
        Action(
            id=f"lock-{voice.label.replace(' ', '-')}",
            name=f"Lock {voice.label}",
            says="keep its strokes as they are",
            press=_lock(int(voice)),
        )
        for voice in Voice
    ),
)

_ALL: tuple[Target, ...] = (*KNOBS, *ACTIONS)
TARGETS: Mapping[str, Target] = {target.id: target for target in _ALL}
CONTROLS: Mapping[str, str] = {"latent": "x"}
"""Controls of the screen that are called otherwise there."""
PARTNERS: Mapping[str, str] = {"x": "y"}
"""What is learnt next when the learn key is pressed once more."""


def target_of(id: str) -> Target:
    """Raises UsageError, with the nearest one, for an id that isn't there."""
    if id in TARGETS:
        return TARGETS[id]
    if id.startswith(PRESET) and len(id) > len(PRESET):
        return _preset(id.removeprefix(PRESET))
    raise UsageError(f'there is nothing called "{id}" to turn or to press{nearest(id, (*TARGETS, PRESET))}')


def _preset(name: str) -> Action:
    return Action(
        id=f"{PRESET}{name}",
        name=f"Preset {name}",
        says="choose another drummer",
        press=lambda session: session.load_preset(name),
    )
