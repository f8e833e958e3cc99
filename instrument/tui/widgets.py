"""The page's widgets: a canvas for each picture, and the hands on those that can be turned.

A control turns nothing itself: it hands the change of knobs to `steer`, at once and in the same thread, so that two
presses in quick succession both count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from textual import events

from instrument.core.manifest import Manifest
from instrument.session.dial import glided, next_epoch
from instrument.session.view import Health, Knobs, StageView
from instrument.tui.canvas import Canvas
from instrument.tui.controls import (
    LABEL,
    VALUE,
    ChoiceLook,
    Dial,
    DialLook,
    Pick,
    PickLook,
    next_style,
    paint_dial,
    paint_pick,
    paint_style,
    style_names,
)
from instrument.tui.duet import DuetLook, duet_look, paint_duet, turn_words
from instrument.tui.epochs import epoch_at, epoch_look, paint_epochs
from instrument.tui.glyphs import Glyphs
from instrument.tui.grid import GridLook, paint_grids
from instrument.tui.health import paint_health
from instrument.tui.hints import HintsLook, paint_hints
from instrument.tui.keys import HAND, bindings
from instrument.tui.learning import label_of, labelled, room
from instrument.tui.pad import FINE_STEP, STEP, PadLook, direction_names, moved, paint_pad, place_at
from instrument.tui.past import PastLook, paint_past, past_look
from instrument.tui.picture import Picture, Span, Tone, fill
from instrument.tui.strip import StripLook, paint_strip
from instrument.tui.transport import TransportLook, paint_transport, step_of, transport_look

FINE_GLIDE = 0.1


Steer = Callable[[Mapping[str, Any]], None]
EpochsShown = tuple[Manifest, int, bool, float]
"""Manifest, epoch in hand, whether the control is, and the glide: worked out only where one of them changes."""
Look = TypeVar("Look")


class Transport(Canvas[TransportLook]):
    """Tempo, place and state."""

    def look(self, view: StageView) -> TransportLook:
        return transport_look(view)

    def paint(self, look: TransportLook, width: int, height: int) -> Picture:
        return paint_transport(look, width, height, self.glyphs)


class Grids(Canvas[GridLook]):
    """The bar that sounds and the next one."""

    def look(self, view: StageView) -> GridLook:
        return GridLook(
            now=view.now,
            next=view.next,
            step=step_of(view) if view.playing and view.position_ticks >= 0 else -1,
            bar_number=transport_look(view).place.bar,
            fill_in=view.fill_in,
            tempo_bpm=round(view.tempo_bpm, 1),
            locked=view.knobs.locked,
            resting=view.knobs.resting,
            turn=turn_words(view.partner.turn),
        )

    def paint(self, look: GridLook, width: int, height: int) -> Picture:
        return paint_grids(look, width, height, self.glyphs)


class Past(Canvas[PastLook]):
    """The bars before, and the one after the next."""

    def look(self, view: StageView) -> PastLook:
        return past_look(view)

    def paint(self, look: PastLook, width: int, height: int) -> Picture:
        return paint_past(look, width, height, self.glyphs)


class Duet(Canvas[DuetLook]):
    """The other player's bars and ours."""

    def look(self, view: StageView) -> DuetLook:
        return duet_look(view)

    def paint(self, look: DuetLook, width: int, height: int) -> Picture:
        return paint_duet(look, width, height, self.glyphs)


class HealthLine(Canvas[Health]):
    """Port and timing."""

    def look(self, view: StageView) -> Health:
        return view.health

    def paint(self, look: Health, width: int, height: int) -> Picture:
        return paint_health(look, width, height, self.glyphs)


class KeepStrip(Canvas[StripLook]):
    """What is kept: snapshots, locks, the recall code."""

    def look(self, view: StageView) -> StripLook:
        knobs = view.knobs
        return StripLook(
            kept=view.snapshots,
            morph_bars=view.morph_bars,
            morphs=view.morphs,
            capture_bars=view.capture_bars,
            frozen=knobs.frozen,
            back=view.back,
            builds=view.builds,
            monitored=view.monitored,
            holds=view.holds,
            every=knobs.fill_every,
            locked=knobs.locked,
            resting=knobs.resting,
            code=view.code,
        )

    def paint(self, look: StripLook, width: int, height: int) -> Picture:
        return paint_strip(look, width, height, self.glyphs)


class Rule(Canvas[int]):
    """A line across the page."""

    def look(self, view: StageView) -> int:
        return 0

    def paint(self, look: int, width: int, height: int) -> Picture:
        return fill([(Span(self.glyphs.rule * width, Tone.GHOST),)], width, height)


class Hints(Canvas[HintsLook]):
    """The keys that one needs most, or the newest message in their place."""

    message = ""
    trouble = False

    def say(self, message: str, trouble: bool) -> None:
        self.message, self.trouble = message, trouble
        self.look_again()

    def look(self, view: StageView) -> HintsLook:
        return HintsLook(message=self.message or view.hands.prompt, trouble=self.trouble, playing=view.playing)

    def paint(self, look: HintsLook, width: int, height: int) -> Picture:
        return paint_hints(look, width, height, self.glyphs)


class Control(Canvas[Look], can_focus=True):
    """Something that a hand can turn."""

    BINDINGS = bindings(HAND)

    def __init__(self, glyphs: Glyphs, steer: Steer, *, id: str) -> None:
        super().__init__(glyphs, id=id)
        self.steer = steer
        self._midi = ""

    def show(self, view: StageView) -> None:
        midi = label_of(self.id or "", view.hands)
        if midi != self._midi:
            self._midi, self._look = midi, None
        super().show(view)

    def painted(self, look: Look, width: int, height: int) -> Picture:
        """The picture, and what the control has learnt beside it."""
        picture = self.paint(look, room(width, height, self._midi), height)
        return labelled(picture, width, self._midi) if self._midi else picture

    def _shown(self) -> StageView:
        """The last view. Raises RuntimeError before the first."""
        if self._view is None:
            raise RuntimeError("nothing has been shown yet")
        return self._view

    @property
    def knobs(self) -> Knobs:
        return self._shown().knobs

    def turned(self, steps: float, fine: bool) -> Mapping[str, Any]:
        """The change of knobs after a turn."""
        raise NotImplementedError

    def at_end(self, end: int) -> Mapping[str, Any]:
        """The change that turns all the way down (0) or up (1)."""
        raise NotImplementedError

    def at_rest(self) -> Mapping[str, Any]:
        """The change that puts it where it is at home."""
        raise NotImplementedError

    def touched(self, column: int, row: int) -> Mapping[str, Any]:
        """The change that a click on a cell means."""
        return {}

    def action_turn(self, steps: int) -> None:
        self.steer(self.turned(steps, fine=False))

    def action_turn_fine(self, steps: int) -> None:
        self.steer(self.turned(steps, fine=True))

    def action_climb(self, steps: int) -> None:
        if steps > 0:
            self.screen.focus_previous()
        else:
            self.screen.focus_next()

    def action_climb_fine(self, steps: int) -> None:
        self.action_climb(steps)

    def action_end(self, end: int) -> None:
        self.steer(self.at_end(end))

    def action_rest(self) -> None:
        self.steer(self.at_rest())

    def on_click(self, event: events.Click) -> None:
        self.steer(self.touched(event.x, event.y))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_turn(1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_turn(-1)


class DialControl(Control[DialLook]):
    """A knob."""

    def __init__(self, glyphs: Glyphs, steer: Steer, dial: Dial) -> None:
        super().__init__(glyphs, steer, id=dial.name)
        self.dial = dial

    def look(self, view: StageView) -> DialLook:
        return DialLook(dial=self.dial, place=self.dial.place(view.knobs), held=self.has_focus)

    def paint(self, look: DialLook, width: int, height: int) -> Picture:
        return paint_dial(look, width, height, self.glyphs)

    def turned(self, steps: float, fine: bool) -> Mapping[str, Any]:
        return self.dial.change(self.knobs, steps * (self.dial.fine / self.dial.step if fine else 1))

    def at_end(self, end: int) -> Mapping[str, Any]:
        return self.dial.to(float(end))

    def at_rest(self) -> Mapping[str, Any]:
        return {self.dial.field: self.dial.rest}

    def touched(self, column: int, row: int) -> Mapping[str, Any]:
        across = room(self.size.width, self.size.height, self._midi)
        start, width = (LABEL, across - LABEL - VALUE) if self.size.height == 1 else (1, across - 1)
        return self.dial.to((column - start) / max(width - 1, 1)) if column >= start else {}


class StyleControl(Control[ChoiceLook]):
    """The styles of the preset, and their mixture."""

    def look(self, view: StageView) -> ChoiceLook:
        return ChoiceLook(style=view.knobs.style, names=style_names(view.manifest), held=self.has_focus)

    def paint(self, look: ChoiceLook, width: int, height: int) -> Picture:
        return paint_style(look, width, height, self.glyphs)

    def turned(self, steps: float, fine: bool) -> Mapping[str, Any]:
        return {"style": next_style(self._shown().manifest, self.knobs.style, 1 if steps > 0 else -1)}

    def at_end(self, end: int) -> Mapping[str, Any]:
        return {"style": style_names(self._shown().manifest)[-end]}

    def at_rest(self) -> Mapping[str, Any]:
        return {"style": ""}

    def touched(self, column: int, row: int) -> Mapping[str, Any]:
        return self.turned(1, fine=False) if column >= LABEL else {}


class PickControl(Control[PickLook]):
    """One of several."""

    def __init__(self, glyphs: Glyphs, steer: Steer, pick: Pick) -> None:
        super().__init__(glyphs, steer, id=pick.name.replace(" ", "-"))
        self.pick = pick

    def look(self, view: StageView) -> PickLook:
        return PickLook(pick=self.pick, word=self.pick.word(view.knobs), held=self.has_focus)

    def paint(self, look: PickLook, width: int, height: int) -> Picture:
        return paint_pick(look, width, height, self.glyphs)

    def turned(self, steps: float, fine: bool) -> Mapping[str, Any]:
        return self.pick.next(self.knobs, 1 if steps > 0 else -1)

    def at_end(self, end: int) -> Mapping[str, Any]:
        return {self.pick.field: self.pick.options[-end]}

    def at_rest(self) -> Mapping[str, Any]:
        return {self.pick.field: self.pick.options[0]}

    def touched(self, column: int, row: int) -> Mapping[str, Any]:
        return self.turned(1, fine=False) if column >= LABEL else {}


class EpochControl(Control[EpochsShown]):
    """The training time."""

    def look(self, view: StageView) -> EpochsShown:
        return view.manifest, view.knobs.epoch, self.has_focus, view.knobs.glide

    def paint(self, look: EpochsShown, width: int, height: int) -> Picture:
        return paint_epochs(epoch_look(*look), width, height, self.glyphs)

    def turned(self, steps: float, fine: bool) -> Mapping[str, Any]:
        if fine:
            return glided(self._shown().manifest, self.knobs, steps * FINE_GLIDE)
        return {"epoch": next_epoch(self._shown().manifest, self.knobs.epoch, 1 if steps > 0 else -1), "glide": 0.0}

    def at_end(self, end: int) -> Mapping[str, Any]:
        return {"epoch": self._shown().manifest.epochs[-end].number, "glide": 0.0}

    def at_rest(self) -> Mapping[str, Any]:
        return {"epoch": self._shown().manifest.best_epoch, "glide": 0.0}

    def touched(self, column: int, row: int) -> Mapping[str, Any]:
        number = epoch_at(epoch_look(*self.look(self._shown())), column, self.size.width)
        return {"epoch": number, "glide": 0.0} if row and number is not None else {}


class LatentPad(Control[PadLook]):
    """Two directions of the latent; all four arrows move the place."""

    def look(self, view: StageView) -> PadLook:
        across, up = direction_names(view.manifest, view.knobs.epoch, view.knobs.pad)
        knobs = view.knobs
        nearest = min(view.landmarks, key=lambda place: place.distance, default=None)
        return PadLook(
            x=knobs.x,
            y=knobs.y,
            home=knobs.home,
            across=across,
            up=up,
            held=self.has_focus,
            named=tuple((place.name, round(place.x, 2), round(place.y, 2)) for place in view.landmarks),
            near=nearest.name if nearest else "",
        )

    def paint(self, look: PadLook, width: int, height: int) -> Picture:
        return paint_pad(look, width, height, self.glyphs)

    def turned(self, steps: float, fine: bool) -> Mapping[str, Any]:
        return moved(self.knobs.x, self.knobs.y, steps * (FINE_STEP if fine else STEP), 0)

    def action_climb(self, steps: int) -> None:
        self.steer(moved(self.knobs.x, self.knobs.y, 0, steps * STEP))

    def action_climb_fine(self, steps: int) -> None:
        self.steer(moved(self.knobs.x, self.knobs.y, 0, steps * FINE_STEP))

    def at_end(self, end: int) -> Mapping[str, Any]:
        return {"x": 2.0 * end - 1}

    def at_rest(self) -> Mapping[str, Any]:
        return {"x": 0.0, "y": 0.0}

    def touched(self, column: int, row: int) -> Mapping[str, Any]:
        x, y = place_at(column, row - 1, self.size.width, self.size.height - 2)
        return {"x": round(x, 2), "y": round(y, 2)}
