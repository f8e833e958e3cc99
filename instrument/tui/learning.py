"""Teaching controllers on the screen: which keys mean it while it goes on, and what a control has learnt beside it."""

from __future__ import annotations

from instrument.session.contract import Learner
from instrument.session.view import HandsShown
from instrument.tui.keys import GROUPS
from instrument.tui.picture import Picture, Span, Tone, gap, width_of

IDS = {action.call: action.id for group in GROUPS for action in group.actions}
PARTS = {"latent": ("x", "y")}
"""Controls that are learnt in parts."""
CHOICE = "presets"
"""Asks which preset; what is chosen is taught."""
LEAST_ROOM = 20
"""Cells that a line needs for itself."""


def meant(learner: Learner, call: str) -> bool:
    """Whether an action, while a controller is taught, is what is taught, or is about the teaching."""
    if not learner.learning or call == CHOICE:
        return False
    if call == "hush":
        learner.leave()
    elif call == "rest":
        learner.unlearn()
    else:
        return learner.pick(IDS.get(call, ""))
    return True


def label_of(control: str, shown: HandsShown) -> str:
    """What a control of the screen has learnt, "" for nothing."""
    return " ".join(filter(None, (shown.label(id) for id in PARTS.get(control, (control,)))))


def room(width: int, height: int, label: str) -> int:
    """Of a line that a label stands beside, how much is left."""
    left = width - len(label) - 1
    return left if label and height == 1 and left >= LEAST_ROOM else width


def labelled(picture: Picture, width: int, label: str) -> Picture:
    """The label in the first gap that is wide enough, at its right end."""
    for at, narrow in enumerate(picture):
        row = (*narrow, gap(width - width_of(narrow)))
        for place, span in reversed(tuple(enumerate(row))):
            spare = len(span.text) - len(label) - (place < len(row) - 1)
            if not span.text.strip() and spare > 0:
                told = gap(spare), Span(label, Tone.QUIET), gap(len(span.text) - spare - len(label))
                return (*picture[:at], (*row[:place], *told, *row[place + 1 :]), *picture[at + 1 :])
    return picture
