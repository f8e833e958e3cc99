"""Playing along with the shipped preset: a player's notes, and what of them is heard in ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from instrument.core.drums import GM_KIT, Voice
from instrument.core.events import Message
from instrument.core.taps import STEP_TICKS
from instrument.core.timebase import BAR_TICKS
from instrument.errors import DataError
from instrument.model.store import load_preset
from instrument.ports.smf import PlayedFile
from instrument.session.along import Along, Hearing, lines_of
from instrument.session.composer import Composer
from instrument.session.knobs import Knobs
from instrument.session.offline import Music, heard_from, render
from instrument.session.recall import decode, encode

Note = tuple[int, int, int, int]
"""Tick, channel, note, velocity."""
KICK, SNARE, HAT = 36, 38, 42


@pytest.fixture(scope="module")
def composer() -> Composer:
    return Composer(load_preset("groove"), GM_KIT, 7)


@pytest.fixture
def knobs(composer: Composer) -> Knobs:
    return Knobs(epoch=composer.manifest.best_epoch, style="rock")


def tapped(bars: int, seed: int = 1, notes: Sequence[int] = (SNARE,), channel: int = 9) -> list[Note]:
    """A player's onsets, another rhythm in each bar, somewhat off the grid."""
    chance = np.random.default_rng(seed)
    found = []
    for bar in range(bars):
        for step in np.flatnonzero(chance.random(16) < 0.4):
            tick = bar * BAR_TICKS + int(step) * STEP_TICKS + int(chance.integers(-25, 26))
            found.append((max(tick, 0), channel, int(chance.choice(notes)), int(chance.integers(20, 128))))
    return found


def heard(notes: Iterable[Note], hearing: Hearing | None = None) -> Along:
    played = PlayedFile(notes=tuple(notes), tempo_bpm=120.0, bars=64)
    return heard_from(played, hearing or Hearing())


def drums(music: Music) -> list[Note]:
    return [(m.position_ticks, m.status & 15, m.data1, m.data2) for m in music.messages if m.is_note_on]


def in_bar(messages: Iterable[Message], bar: int) -> set[int]:
    """The notes that begin in a bar."""
    ons = [m for m in messages if m.is_note_on]
    return {m.data1 for m in ons if bar * BAR_TICKS - 60 <= m.position_ticks < (bar + 1) * BAR_TICKS - 60}


@pytest.mark.parametrize(("channel", "notes"), [(9, (SNARE,)), (0, (40, 55, 67)), (9, (KICK, SNARE, HAT, 51))])
def test_a_bar_later_every_stroke_is_answered_and_its_accent_kept(
    composer: Composer, knobs: Knobs, channel: int, notes: tuple[int, ...]
) -> None:
    played = tapped(24, notes=notes, channel=channel)
    ours = np.array(
        [(t, v) for t, _, _, v in drums(render(composer, replace(knobs, follow=1.0), 25, along=heard(played)))]
    )
    pairs, missed = [], 0
    for tick, _, _, velocity in played:
        near = ours[np.abs(ours[:, 0] - tick - BAR_TICKS) <= 60]
        missed += not len(near)
        pairs += [(velocity, near[:, 1].max())] if len(near) else []
    assert missed <= 0.05 * len(played)
    assert np.corrcoef(np.array(pairs).T)[0, 1] >= 0.9


def test_the_amount_lies_between_our_groove_and_theirs(composer: Composer, knobs: Knobs) -> None:
    along, own = heard(tapped(16)), render(composer, knobs, 16)

    def likeness(amount: float) -> float:
        bars = [render(composer, replace(knobs, follow=amount), 16, along=along), own]
        cells = [{(tick // STEP_TICKS, note) for tick, _, note, _ in drums(music)} for music in bars]
        return len(cells[0] & cells[1]) / len(cells[0] | cells[1])

    assert drums(render(composer, replace(knobs, follow=0.0), 16, along=along)) == drums(own)
    assert 1 > likeness(0.3) > likeness(1.0)


def test_the_same_file_gives_the_same_drums(composer: Composer, knobs: Knobs) -> None:
    follow = replace(knobs, follow=0.8, with_energy=True, complement=True)
    first, again = (
        render(Composer(composer.source, GM_KIT, 7), follow, 12, along=heard(tapped(12))).file(120) for _ in range(2)
    )
    assert first == again


def test_what_comes_in_bit_by_bit_gives_what_the_whole_file_gives(composer: Composer, knobs: Knobs) -> None:
    """Revised at each eighth, a bar is never changed before the line of that eighth, and ends as the file's."""
    played, follow = tapped(6, notes=(KICK, 60)), replace(knobs, follow=0.7, complement=True)
    whole, live = heard(played), Along(Hearing())
    waiting = list(played)
    for now in range(0, 6 * BAR_TICKS, STEP_TICKS // 2):
        while waiting and waiting[0][0] <= now:
            live.hear(*waiting.pop(0))
        bar = now // BAR_TICKS
        shown = composer.compose(bar, live.shaped(follow, bar, now)).notes
        final = composer.compose(bar, whole.shaped(follow, bar, 99 * BAR_TICKS)).notes
        passed = now - bar * BAR_TICKS
        assert [n for n in shown if n.tick < passed] == [n for n in final if n.tick < passed]


def test_a_complement_never_collides(composer: Composer, knobs: Knobs) -> None:
    played = tapped(24, notes=(KICK, SNARE))
    theirs = replace(knobs, theirs=frozenset({Voice.KICK, Voice.SNARE}), follow=1.0)
    assert {KICK, SNARE} & {note for _, _, note, _ in drums(render(composer, theirs, 24, along=heard(played)))} == set()
    auto = render(composer, replace(knobs, complement=True), 24, along=heard(played))
    for bar in range(2, 24):
        assert not in_bar(auto.messages, bar) & {KICK, SNARE}


def test_turns_are_taken_strictly_in_the_form(composer: Composer, knobs: Knobs) -> None:
    trade = replace(knobs, trade=4)
    music = render(composer, trade, 64, along=heard(tapped(64)))
    for bar in range(64):
        notes = in_bar(music.messages, bar)
        if bar // 4 % 2 == 0:
            assert len(notes) == 1
            assert notes <= {42, 51}
        else:
            assert notes - {42, 51}
        if bar % 8 == 4:
            assert {49, 36} <= notes, "our turn begins with a crash"
    silent = render(composer, replace(trade, waits="rest"), 8, along=heard(tapped(8)))
    assert not any(in_bar(silent.messages, bar) for bar in range(1, 3))


def test_an_answer_is_the_bar_that_was_played_and_strays_by_its_distance(composer: Composer, knobs: Knobs) -> None:
    played = tapped(64)

    def answered(distance: float) -> float:
        music = render(composer, replace(knobs, trade=2, distance=distance), 64, along=heard(played))
        ours = np.array([tick for tick, *_ in drums(music)])
        calls = [tick for tick, *_ in played if tick // BAR_TICKS % 4 < 2 and tick // BAR_TICKS < 60]
        return float(np.mean([(np.abs(ours - tick - 2 * BAR_TICKS) <= 60).any() for tick in calls]))

    assert answered(0.0) >= 0.95
    assert answered(1.0) < answered(0.0)


def test_energy_goes_by_how_busily_and_how_hard_is_played(composer: Composer, knobs: Knobs) -> None:
    soft = [(bar * BAR_TICKS + beat * 960, 9, SNARE, 30) for bar in range(8) for beat in range(2)]
    hard = [(bar * BAR_TICKS + step * 120, 9, SNARE, 120) for bar in range(8, 16) for step in range(13)]
    energy = replace(knobs, with_energy=True, least=0.2, most=0.8)
    along = heard([*soft, *hard])
    low, high = (along.shaped(energy, bar, 99 * BAR_TICKS) for bar in (8, 16))
    assert 0.2 <= low.density < 0.4 < 0.65 < high.density <= 0.8
    assert 0.2 <= low.energy < 0.4 < 0.65 < high.energy <= 0.8
    steady = [along.shaped(energy, bar, 99 * BAR_TICKS).density for bar in range(4, 9)]
    assert len(set(steady[2:])) == 1, "what is repeated is answered evenly"


@pytest.mark.parametrize(("waits", "left"), [("hat", {42, 51}), ("rest", set()), ("play", None)])
def test_silence_is_waited_for_and_an_accent_ends_it(
    composer: Composer, knobs: Knobs, waits: str, left: set[int] | None
) -> None:
    played = [*tapped(2), (6 * BAR_TICKS + 4 * STEP_TICKS, 9, SNARE, 120)]
    music = render(composer, replace(knobs, follow=0.5, waits=waits), 8, along=heard(played))
    quiet = in_bar(music.messages, 5)
    if left is None:
        assert KICK in quiet
        return
    assert quiet <= left
    from_beat_3 = [
        m for m in music.messages if m.is_note_on and 6.5 * BAR_TICKS <= m.position_ticks < 7 * BAR_TICKS - 60
    ]
    assert {m.data1 for m in from_beat_3} - {42, 51}, "back within a beat"


def test_a_loop_comes_round_until_it_is_cleared(composer: Composer, knobs: Knobs) -> None:
    along, follow = Along(Hearing()), replace(knobs, follow=1.0)
    along.press_loop(0)
    for step in (0, 3, 6, 10):
        along.hear(BAR_TICKS + step * STEP_TICKS, 9, SNARE, 100)
    along.press_loop(1)
    assert (along.loop.state.value, along.loop.bars) == ("plays", 1)
    for bar in (3, 9):
        shaped = along.shaped(follow, bar, bar * BAR_TICKS)
        notes = composer.compose(bar, shaped).notes
        assert {0, 3, 6, 10} <= {round(n.tick / STEP_TICKS) for n in notes if n.note in (KICK, SNARE)}
    along.clear_loop()
    assert along.shaped(follow, 20, 21 * BAR_TICKS).follow == 0


def test_only_the_channels_and_notes_that_were_asked_for_are_heard() -> None:
    hearing = Hearing(channels=frozenset({2}), low=40, high=50)
    along = Along(hearing)
    assert [along.hear(0, *note) for note in ((2, 45, 90), (3, 45, 90), (2, 39, 90), (2, 51, 90))] == [
        True,
        *[False] * 3,
    ]
    with pytest.raises(DataError, match="listened to"):
        heard([(0, 3, 45, 90)], hearing)


def test_a_drummers_own_kit_names_the_voices() -> None:
    kit = GM_KIT.with_pads([(0, number) for number in range(60, 69)])
    hearing = Hearing(kind="drums", lines=lines_of(kit))
    assert [hearing.voice(0, number) for number in range(60, 69)] == list(range(9))
    assert Hearing().voice(0, KICK) == -1
    assert Hearing().voice(9, KICK) == Voice.KICK


def test_going_back_in_the_song_forgets_what_was_heard_there() -> None:
    along = Along(Hearing())
    for bar in range(4):
        along.hear(bar * BAR_TICKS, 9, SNARE, 90)
    along.went(2 * BAR_TICKS)
    assert [bool(along.strokes(bar)) for bar in range(4)] == [True, True, False, False]


def test_a_bar_that_was_played_along_with_has_a_code(composer: Composer, knobs: Knobs) -> None:
    along = heard(tapped(4))
    for wish in (replace(knobs, follow=0.6), replace(knobs, trade=1)):
        shaped = replace(along.shaped(wish, 3, 99 * BAR_TICKS), seed=7, preset="groove")
        found = decode(encode(composer.manifest, shaped, 3))
        again = composer.compose(found.index, found.settled(composer.manifest))
        assert again.notes == composer.compose(3, shaped).notes
