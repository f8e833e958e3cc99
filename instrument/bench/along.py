"""Playing along: how much is answered, how soon, and whether the form is kept; players are bars of the preset's own.

Without a port, and with one: from a note handed to JACK to the engine's word that it has the revision that note made.
"""

from __future__ import annotations

import random
import time
from dataclasses import replace
from functools import partial

import numpy as np

from instrument.bench.controller import Controller
from instrument.bench.figures import Figures, NotMeasuredError, spread
from instrument.bench.hands import IN_PORT, PERIOD, environment
from instrument.bench.jack_server import JackServer
from instrument.bench.live import BPM, composer_and_knobs, started, wait_for
from instrument.core.drums import GM_KIT, Voice
from instrument.core.events import Message
from instrument.core.taps import BOUNDARIES, KNOWN_TICKS
from instrument.core.timebase import BAR_TICKS, PPQ, ticks_to_seconds
from instrument.errors import PortError
from instrument.session.along import Along
from instrument.session.composer import Composer
from instrument.session.knobs import Knobs
from instrument.session.offline import render
from instrument.session.performance import Performance

PLAYED_BARS = 200
FORMS, FORM_BARS = 1000, 8
TRADED = 2
NOTES = 60
NEAR_TICKS = 60
WAITING = {GM_KIT.targets[voice].note for voice in (Voice.CLOSED_HAT, Voice.RIDE)}
"""The notes of which one is heard, alone, while the player has their turn."""

MELODY = 0
"""The channel that the players play on: no drums."""


def along() -> Figures:
    composer, knobs = composer_and_knobs()
    player = _player(composer, replace(knobs, home=5, style=composer.style_of_home(replace(knobs, home=5))))
    return {
        **_answers(composer, knobs, player),
        **_revisions(composer, knobs, player),
        "forms_kept": f"{_forms(composer, knobs, player)} of {FORMS}",
        **_live(),
    }


def _player(composer: Composer, knobs: Knobs) -> list[Message]:
    """Another player's notes."""
    return [m for m in render(Composer(composer.source, composer.kit, 99), knobs, PLAYED_BARS).messages if m.is_note_on]


def _heard(player: list[Message], after: int = 0) -> Along:
    along = Along(remembers=True)
    for message in player:
        along.hear(message.position_ticks - after, MELODY, message.data1, message.data2)
    return along


def _answers(composer: Composer, knobs: Knobs, player: list[Message]) -> Figures:
    """With all of follow: the share of onsets that a stroke of ours answers a bar later, and how like the accents
    are; with a drummer's kick and snare, the strokes of ours that fall on them."""
    music = render(composer, replace(knobs, follow=1.0), PLAYED_BARS, along=_heard(player)).messages
    ours = np.array([(m.position_ticks, m.data2) for m in music if m.is_note_on])
    loudest: dict[int, Message] = {}
    for message in player:
        step = round(message.position_ticks / (PPQ // 4))
        if step not in loudest or message.data2 > loudest[step].data2:
            loudest[step] = message
    pairs, missed = [], 0
    for message in loudest.values():
        if message.position_ticks >= (PLAYED_BARS - 1) * BAR_TICKS:
            continue
        near = ours[np.abs(ours[:, 0] - message.position_ticks - BAR_TICKS) <= NEAR_TICKS]
        missed += not len(near)
        pairs += [(message.data2, near[:, 1].max())] if len(near) else []
    left = render(composer, replace(knobs, theirs=frozenset((0, 1))), PLAYED_BARS, along=_heard(player)).messages
    return {
        "answered": round(len(pairs) / (len(pairs) + missed), 4),
        "accents": round(float(np.corrcoef(np.array(pairs).T)[0, 1]), 3),
        "collisions": sum(m.is_note_on and m.data1 in (36, 38) for m in left),
    }


def _revisions(composer: Composer, knobs: Knobs, player: list[Message]) -> Figures:
    """What a boundary costs, from what was heard to the bar's notes, in ms."""
    follow, heard, times = replace(knobs, follow=1.0), _heard(player), []
    for bar in range(2, PLAYED_BARS):
        for boundary in range(BOUNDARIES):
            now = bar * BAR_TICKS + KNOWN_TICKS + boundary * BAR_TICKS // BOUNDARIES
            begun = time.perf_counter()
            composer.compose(bar, heard.shaped(follow, bar, now))
            times.append((time.perf_counter() - begun) * 1000)
    return {f"revision_{name}": value for name, value in spread(times, "ms").items()}


def _forms(composer: Composer, knobs: Knobs, player: list[Message]) -> int:
    """In how many of so many trades every bar of theirs is waited through and every one of ours answers."""
    trade, kept = replace(knobs, trade=TRADED), 0
    for number in range(FORMS):
        bars = number % (PLAYED_BARS - FORM_BARS)
        heard = _heard([m for m in player if 0 <= m.position_ticks // BAR_TICKS - bars < FORM_BARS], bars * BAR_TICKS)
        chosen = replace(trade, home=number)
        kept += all(
            _in_form(composer, heard.shaped(chosen, bar, FORM_BARS * BAR_TICKS), bar) for bar in range(FORM_BARS)
        )
    return kept


def _in_form(composer: Composer, knobs: Knobs, bar: int) -> bool:
    notes = {note.note for note in composer.compose(bar, knobs).notes}
    waits = len(notes) == 1 and notes <= WAITING
    return bool(notes) and waits == (bar // TRADED % 2 == 0)


def _live() -> Figures:
    """A note now and then: how long until the engine plays by it, and how long its beat is."""
    try:
        with JackServer(period=PERIOD) as server, environment(server), Controller(server.name) as keys:
            return _waits(keys)
    except PortError as error:
        raise NotMeasuredError(str(error)) from error


def _waits(keys: Controller) -> Figures:
    performance, chance, times = started("jack"), random.Random(1), []
    try:
        performance.turn(follow=1.0, waits="play")
        performance.play()
        wait_for(lambda: keys.connect(IN_PORT))
        wait_for(lambda: (status := performance.status) is not None and status.playing and status.revision >= 0)
        for _ in range(NOTES):
            revision = _revision(performance)
            begun = time.perf_counter()
            keys.send(0x90, 60, chance.randint(40, 127))
            wait_for(partial(_is_other, performance, revision))
            times.append((time.perf_counter() - begun) * 1000)
            keys.send(0x80, 60, 64)
            time.sleep(chance.uniform(0.05, 0.4))
    finally:
        performance.close()
    beat_ms = ticks_to_seconds(PPQ, BPM) * 1000
    return {**{f"influence_{name}": value for name, value in spread(times, "ms").items()}, "beat_ms": beat_ms}


def _revision(performance: Performance) -> int:
    return -1 if performance.status is None else performance.status.revision


def _is_other(performance: Performance, revision: int) -> bool:
    return _revision(performance) != revision
