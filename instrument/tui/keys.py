"""Every key: what it is called in a keymap, what it does, and what the help says of it.

Bindings, help screen, command palette and the documentation all read this table, so none can forget one. The ids are
what players write in their keymaps; they don't change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from textual.binding import Binding, BindingType

from instrument.errors import UsageError, nearest
from instrument.tui.controls import DENSITY, FEEL, INTENSITY, SWING, VARIATION


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """`id` names it in keymaps, `keys` are Textual's names, `call` is the action's method, `says` its line of help."""

    id: str
    keys: str
    call: str
    name: str
    says: str

    def binding(self) -> Binding:
        return Binding(self.keys, self.call, self.name, id=self.id, tooltip=self.says, show=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    title: str
    actions: tuple[Action, ...]


PLAY = Group(
    title="Play",
    actions=(
        Action(id="play", keys="space", call="toggle_play", name="Play or stop", says="start this bar, or stop"),
        Action(id="fill", keys="f", call="fill", name="Fill", says="a fill in the next bar; again: not"),
        Action(id="panic", keys="p", call="panic", name="Panic", says="silence everything now, and stop"),
        Action(id="tap", keys="t", call="tap", name="Tap tempo", says="tap the beat"),
        Action(id="tempo-up", keys="plus,equals_sign", call="tempo(1)", name="Faster", says="1 BPM faster"),
        Action(id="tempo-down", keys="minus,underscore", call="tempo(-1)", name="Slower", says="1 BPM slower"),
        Action(id="tempo-up-fine", keys="full_stop", call="tempo(0.1)", name="A little faster", says="0.1 BPM faster"),
        Action(id="tempo-down-fine", keys="comma", call="tempo(-0.1)", name="A little slower", says="0.1 BPM slower"),
        Action(id="nudge-later", keys="greater_than_sign", call="nudge(1)", name="Later", says="everything 1 ms later"),
        Action(id="nudge-earlier", keys="less_than_sign", call="nudge(-1)", name="Earlier", says="1 ms earlier"),
        Action(id="keep-nudge", keys="K", call="keep_nudge", name="Keep the nudge", says="remember it for this port"),
    ),
)
SHAPE = Group(
    title="Shape",
    actions=(
        Action(id="new-z", keys="n", call="new_z", name="New z", says="draw a new home in the latent"),
        Action(id="undo", keys="u", call="undo", name="Undo", says="back through what was turned"),
        Action(id="redo", keys="U,ctrl+r", call="redo", name="Redo", says="forward again"),
        Action(
            id="epoch-down", keys="left_square_bracket", call="epoch(-1)", name="Earlier epoch", says="trained less"
        ),
        Action(id="epoch-up", keys="right_square_bracket", call="epoch(1)", name="Later epoch", says="trained more"),
        Action(id="epoch-best", keys="b", call="epoch_best", name="Best epoch", says="the epoch with the best score"),
    ),
)
SELECT = Group(
    title="Take in hand",
    actions=(
        *(
            Action(id=f"take-{d.name}", keys=d.key, call=f"take('{d.name}')", name=f"Take {d.name}", says=d.says)
            for d in (DENSITY, INTENSITY, VARIATION)
        ),
        Action(id="take-style", keys="S", call="take('style')", name="Take style", says="in which manner it is played"),
        *(
            Action(id=f"take-{d.name}", keys=d.key, call=f"take('{d.name}')", name=f"Take {d.name}", says=d.says)
            for d in (FEEL, SWING)
        ),
        Action(id="take-epoch", keys="E", call="take('epoch')", name="Take epoch", says="how long it was trained"),
        Action(id="take-latent", keys="L", call="take('latent')", name="Take latent", says="the pad over the latent"),
    ),
)
HAND = Group(
    title="In hand",
    actions=(
        Action(id="less", keys="left,h", call="turn(-1)", name="Less", says="turn down; on the pad: left"),
        Action(id="more", keys="right,l", call="turn(1)", name="More", says="turn up; on the pad: right"),
        Action(id="less-fine", keys="shift+left", call="turn_fine(-1)", name="A little less", says="a fine step down"),
        Action(id="more-fine", keys="shift+right", call="turn_fine(1)", name="A little more", says="a fine step up"),
        Action(id="above", keys="up,k", call="climb(1)", name="Above", says="the one above; on the pad: up"),
        Action(id="below", keys="down,j", call="climb(-1)", name="Below", says="the one below; on the pad: down"),
        Action(id="above-fine", keys="shift+up", call="climb_fine(1)", name="A little up", says="on the pad: a bit up"),
        Action(
            id="below-fine",
            keys="shift+down",
            call="climb_fine(-1)",
            name="A little down",
            says="on the pad: a bit down",
        ),
        Action(id="least", keys="home", call="end(0)", name="Least", says="all the way down"),
        Action(id="most", keys="end", call="end(1)", name="Most", says="all the way up"),
        Action(
            id="rest", keys="backspace,delete", call="rest", name="Back to rest", says="where the control is at home"
        ),
    ),
)
LOOK = Group(
    title="Look",
    actions=(
        Action(id="help", keys="question_mark", call="help", name="Keys", says="all keys"),
        Action(id="doctor", keys="d", call="doctor", name="Doctor", says="port, timing, what would help"),
        Action(id="message-away", keys="escape", call="hush", name="Hide message", says="put a message away"),
    ),
)
APP = Group(
    title="Leave",
    actions=(
        Action(id="suspend", keys="ctrl+z", call="app.suspend_process", name="Suspend", says="stop, and to the shell"),
        Action(id="quit", keys="ctrl+q", call="app.quit", name="Quit", says="stop, and leave"),
    ),
)
TEXTUALS = (("tab  shift+tab", "the next control, the one before"), ("ctrl+p", "find any action; pick a theme"))
"""Textual's own keys, for the help."""

STAGE_GROUPS = (PLAY, SHAPE, SELECT, LOOK)
GROUPS = (PLAY, HAND, SELECT, SHAPE, LOOK, APP)


def bindings(*groups: Group) -> list[BindingType]:
    return [action.binding() for group in groups for action in group.actions]


def action_ids() -> tuple[str, ...]:
    return tuple(action.id for group in GROUPS for action in group.actions)


def check_keymap(keymap: Mapping[str, str], where: str) -> dict[str, str]:
    """A player's keymap, action -> keys. Raises UsageError for an unknown action, naming `where` it stood."""
    for name in keymap:
        if name not in action_ids():
            raise UsageError(f'{where}: there is no action "{name}" to give a key{nearest(name, action_ids())}')
    return dict(keymap)
