"""Every key: what it is called in a keymap, what it does, and what the help says of it.

Bindings, help screen, command palette and the documentation all read this table, so none can forget one. The ids are
what players write in their keymaps; they don't change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from textual.binding import Binding, BindingType

from instrument.core.drums import Voice
from instrument.errors import UsageError, nearest
from instrument.session.snapshots import SLOTS
from instrument.tui.controls import (
    ACCENT,
    DENSITY,
    FEEL,
    FOLLOW,
    HUMANISE,
    INTENSITY,
    REACH,
    SWING,
    TRADE,
    VARIATION,
    WALK,
)

NO_KEY = "no-key-"
"""Before an action's name: no terminal sends it, but a keymap can give the action a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """`id` names it in keymaps, `keys` are Textual's names or "", `call` is the action's method, `says` its help."""

    id: str
    keys: str
    call: str
    name: str
    says: str

    def binding(self) -> Binding:
        return Binding(
            self.keys or f"{NO_KEY}{self.id}", self.call, self.name, id=self.id, tooltip=self.says, show=False
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    title: str
    actions: tuple[Action, ...]


PLAY = Group(
    title="Play",
    actions=(
        Action(id="play", keys="space", call="toggle_play", name="Play or stop", says="start this bar, or stop"),
        Action(id="fill", keys="f", call="fill", name="Fill", says="to the next downbeat; again: not"),
        Action(id="build", keys="g", call="build", name="Build", says="a fill that grows until let go"),
        Action(id="fill-every", keys="a", call="fill_every", name="Fills by themselves", says="every 2 to 16 bars"),
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
        Action(id="place", keys="o", call="next_place", name="Named place", says="the next named place"),
        Action(id="pad", keys="i", call="next_pad", name="Pad's axes", says="the next pair of ways"),
        Action(id="undo", keys="u", call="undo", name="Undo", says="back through what was turned"),
        Action(id="redo", keys="U,ctrl+r", call="redo", name="Redo", says="forward again"),
        Action(
            id="epoch-down", keys="left_square_bracket", call="epoch(-1)", name="Earlier epoch", says="trained less"
        ),
        Action(id="epoch-up", keys="right_square_bracket", call="epoch(1)", name="Later epoch", says="trained more"),
        Action(
            id="glide-down",
            keys="left_curly_bracket",
            call="glide(-1)",
            name="Glide back",
            says="to the one before",
        ),
        Action(id="glide-up", keys="right_curly_bracket", call="glide(1)", name="Glide on", says="to the next one"),
        Action(id="preset", keys="P", call="presets", name="Preset", says="choose another drummer"),
        Action(id="hold", keys="H", call="hold_changes", name="Hold changes", says="until the bar line, or not"),
        Action(id="epoch-best", keys="b", call="epoch_best", name="Best epoch", says="the epoch with the best score"),
    ),
)
KEEP = Group(
    title="Keep",
    actions=(
        Action(id="freeze", keys="z", call="freeze", name="Freeze", says="repeat this bar; again: go on"),
        Action(
            id="back", keys="left_parenthesis", call="look_back(1)", name="A bar back", says="hear it again, frozen"
        ),
        Action(id="forth", keys="right_parenthesis", call="look_back(-1)", name="A bar forth", says="a newer one"),
        *(
            Action(
                id=f"snapshot-{slot.lower()}",
                keys=str(number + 1),
                call=f"snapshot({number})",
                name=f"Snapshot {slot}",
                says=f"go to what was kept as {slot}",
            )
            for number, slot in enumerate(SLOTS)
        ),
        Action(id="store", keys="s", call="store", name="Keep a snapshot", says="then 1 to 8: keep all knobs there"),
        Action(id="morph", keys="y", call="morph_bars", name="Morph", says="bars on the way to one, 0 to 16"),
        Action(id="capture", keys="c", call="capture", name="Capture", says="the last bars as a .mid"),
        Action(id="capture-bars", keys="C", call="capture_bars", name="Capture length", says="1 to 32 bars"),
        Action(id="keep-kit", keys="B", call="keep_kit", name="Keep the kit", says="channels and notes, by a name"),
        Action(id="copy-code", keys="x", call="copy_code", name="Copy the code", says="it brings this bar back"),
        Action(id="recall-code", keys="X", call="recall_code", name="Recall a code", says="the bar that it tells"),
        *(
            Action(
                id=f"mute-{voice.label.replace(' ', '-')}",
                keys=f"f{number + 1}",
                call=f"mute({number})",
                name=f"Mute {voice.label}",
                says=f"the {voice.label} rests",
            )
            for number, voice in enumerate(Voice)
        ),
    ),
)
COMPANY = Group(
    title="Together",
    actions=(
        Action(id="loop", keys="r", call="loop", name="Loop", says="record; then loop it; then overdub"),
        Action(id="clear-loop", keys="e", call="clear_loop", name="Erase the loop", says="forget it"),
        Action(id="grab", keys="G", call="grab", name="Grab", says="the bar you played, as a place"),
        Action(id="calibrate", keys="J", call="calibrate", name="Calibrate", says="eight clicks find your latency"),
    ),
)
VOICES = Group(
    title="Voices",
    actions=tuple(
        Action(
            id=f"{verb}-{voice.label.replace(' ', '-')}",
            keys="",
            call=f"{verb}({int(voice)})",
            name=f"{verb.capitalize()} {voice.label}",
            says=says,
        )
        for verb, says in (("lock", "keep its strokes as they are"), ("solo", "all others rest"))
        for voice in Voice
    ),
)
"""Without keys of their own: for the palette, a keymap, and controllers."""
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
            for d in (FEEL, SWING, HUMANISE, ACCENT, WALK, REACH)
        ),
        Action(id="take-epoch", keys="E", call="take('epoch')", name="Take epoch", says="how long it was trained"),
        Action(id="take-follow", keys="", call="take('follow')", name="Take follow", says=FOLLOW.says),
        Action(id="take-trade", keys="T", call="take('trade')", name="Take trade", says=TRADE.says),
        Action(id="take-voices", keys="O", call="take('voices')", name="Take voices", says="the table of voices"),
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
TABLE = Group(
    title="In the table",
    actions=(Action(id="edit", keys="enter", call="edit", name="Edit", says="a switch; else the arrows turn it"),),
)
LOOK = Group(
    title="Look",
    actions=(
        Action(id="learn", keys="m", call="learn", name="Learn", says="teach a controller to turn it"),
        Action(id="page", keys="tab", call="app.page", name="Next page", says="stage, workbench, together"),
        Action(id="page-back", keys="shift+tab", call="app.page('', -1)", name="Page before", says="the other way"),
        Action(id="help", keys="question_mark", call="help", name="Keys", says="all keys"),
        Action(id="monitor", keys="M", call="monitor", name="Monitor", says="hear the built-in kit here"),
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
TEXTUALS = (("ctrl+p", "find any action; pick a theme"),)
"""Textual's own keys, for the help."""

STAGE_GROUPS = (PLAY, SHAPE, KEEP, COMPANY, VOICES, SELECT, LOOK)
GROUPS = (PLAY, HAND, TABLE, SELECT, SHAPE, KEEP, COMPANY, LOOK, APP, VOICES)


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
