"""Files that we write are read back by two other programs' readers; files that are broken are named and refused."""

from __future__ import annotations

import io
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
import symusic
from hypothesis import given
from hypothesis import strategies as st

from instrument.core.drums import NOTES_OF_VOICE, VOICE_OF_NOTE, Voice
from instrument.core.events import Message, note_off, note_on
from instrument.core.timebase import BAR_TICKS, PPQ
from instrument.errors import DataError
from instrument.ports.smf import LARGEST_BYTES, TempoChange, Words, midi_file, parse_hits, read_hits

HEADER = b"MThd\0\0\0\x06\0\0\0\x01\x01\xe0"


def a_track(body: bytes) -> bytes:
    return HEADER + b"MTrk" + len(body).to_bytes(4, "big") + body


def parsed(data: bytes) -> mido.MidiFile:
    return mido.MidiFile(file=io.BytesIO(data), charset="utf-8")


def absolute(data: bytes) -> list[tuple[int, mido.Message]]:
    (track,) = parsed(data).tracks
    ticks = np.cumsum([message.time for message in track])
    return list(zip(ticks.tolist(), track, strict=True))


strokes = st.lists(
    st.tuples(
        st.integers(0, 8 * BAR_TICKS - 1),
        st.integers(0, 15),
        st.sampled_from(sorted(VOICE_OF_NOTE)),
        st.integers(1, 127),
    ),
    max_size=60,
)


def in_order(rows: list[tuple[int, int, int, int]]) -> list[Message]:
    messages = [note_on(*row) for row in rows] + [note_off(tick + 60, channel, note) for tick, channel, note, _ in rows]
    return sorted(messages, key=lambda message: message.position_ticks)


@given(strokes, st.floats(20, 300))
def test_every_message_comes_back_at_its_tick_and_in_its_order(
    rows: list[tuple[int, int, int, int]], tempo_bpm: float
) -> None:
    messages = in_order(rows)
    found = absolute(midi_file(messages, tempo_bpm=tempo_bpm, bars=8, title="x"))
    assert [(tick, bytes(m.bytes())) for tick, m in found if not m.is_meta] == [
        (m.position_ticks, m.to_bytes()) for m in messages
    ]
    tempo = next(m.tempo for _, m in found if m.type == "set_tempo")
    assert abs(tempo - 60e6 / tempo_bpm) <= 0.5


@given(strokes)
def test_symusic_reads_the_same_onsets(rows: list[tuple[int, int, int, int]]) -> None:
    score: Any = symusic.Score.from_midi(midi_file(in_order(rows), tempo_bpm=120, bars=8, title="x"))
    onsets = sorted((note.time, note.pitch) for track in score.tracks for note in track.notes)
    assert {(tick, note) for tick, _, note, _ in rows} == set(onsets)


@given(strokes.filter(bool))
def test_read_hits_reads_what_was_written(rows: list[tuple[int, int, int, int]]) -> None:
    drums = [(tick, 9, note, velocity) for tick, _, note, velocity in rows]
    data = midi_file(in_order(drums), tempo_bpm=93, bars=8, title="x")
    read = parse_hits(data, name="x.mid")
    expected = sorted((tick, int(VOICE_OF_NOTE[note]), velocity) for tick, _, note, velocity in drums)
    assert list(zip(read.hits.tick, read.hits.voice, read.hits.velocity, strict=True)) == expected
    assert read.tempo_bpm == pytest.approx(93, abs=1e-3)


def test_a_file_opens_with_name_tempo_meter_and_text_and_ends_on_the_bar_line() -> None:
    data = midi_file(
        [note_on(480, 9, 36, 100)],
        tempo_bpm=120,
        bars=4,
        title="Größe",
        words=[Words(position_ticks=0, text="seed 7"), Words(position_ticks=480, text="fill", marker=True)],
    )
    found = absolute(data)
    assert [m.type for _, m in found[:5]] == ["track_name", "set_tempo", "time_signature", "text", "marker"]
    assert found[0][1].name == "Größe"
    assert [m.text for _, m in found[3:5]] == ["seed 7", "fill"]
    assert (found[4][0], found[5][1].type) == (480, "note_on")
    assert (found[2][1].numerator, found[2][1].denominator) == (4, 4)
    assert (found[-1][0], found[-1][1].type) == (4 * BAR_TICKS, "end_of_track")
    file = parsed(data)
    assert (file.type, file.ticks_per_beat) == (0, PPQ)


def test_the_end_moves_to_the_next_bar_line_that_no_message_crosses() -> None:
    data = midi_file([note_on(0, 9, 36, 100), note_off(BAR_TICKS + 1, 9, 36)], tempo_bpm=120, bars=1, title="x")
    assert absolute(data)[-1][0] == 2 * BAR_TICKS


def test_a_hit_early_on_the_very_first_step_is_put_on_tick_0() -> None:
    found = absolute(midi_file([note_on(-30, 9, 36, 100), note_off(30, 9, 36)], tempo_bpm=120, bars=1, title="x"))
    assert [tick for tick, m in found if not m.is_meta] == [0, 30]


def test_a_tempo_change_comes_before_the_messages_at_its_position() -> None:
    changes = [TempoChange(position_ticks=480, tempo_bpm=60), TempoChange(position_ticks=9000, tempo_bpm=240)]
    messages = [note_on(0, 9, 36, 100), note_off(480, 9, 36)]
    found = absolute(midi_file(messages, tempo_bpm=120, bars=1, title="x", tempo_changes=changes))
    assert [(tick, m.type) for tick, m in found][3:] == [
        (0, "note_on"),
        (480, "set_tempo"),
        (480, "note_off"),
        (9000, "set_tempo"),
        (5 * BAR_TICKS, "end_of_track"),
    ]
    assert [m.tempo for _, m in found if m.type == "set_tempo"] == [500_000, 1_000_000, 250_000]


def test_messages_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="tick 5 comes after one at tick 10"):
        midi_file([note_on(10, 9, 36, 100), note_off(5, 9, 36)], tempo_bpm=120, bars=1, title="x")


def test_the_same_music_gives_the_same_bytes() -> None:
    messages = in_order([(i * 90, 9, 36 + i % 8, 1 + i % 127) for i in range(200)])
    assert (
        len(
            {
                midi_file(iter(messages), tempo_bpm=97.3, bars=9, title="x", words=[Words(position_ticks=0, text="y")])
                for _ in range(3)
            }
        )
        == 1
    )


def test_only_channel_10_is_read_where_there_are_more() -> None:
    messages = in_order([(0, 9, 36, 100), (0, 0, 38, 90), (480, 9, 60, 80)])
    read = parse_hits(midi_file(messages, tempo_bpm=120, bars=1, title="x"), name="x.mid")
    assert (read.hits.voice.tolist(), read.unmapped) == ([Voice.KICK], 1)


def test_the_only_channel_is_read_whichever_it_is() -> None:
    read = parse_hits(midi_file(in_order([(0, 3, 38, 90)]), tempo_bpm=120, bars=1, title="x"), name="x.mid")
    assert read.hits.voice.tolist() == [Voice.SNARE]


def test_ticks_are_brought_to_480_a_quarter_and_all_notes_of_a_voice_count() -> None:
    events = b"".join(b"\x60\x99" + bytes((note, 100)) for note in NOTES_OF_VOICE[Voice.SNARE])
    data = a_track(events).replace(b"\x01\xe0", b"\x00\x60", 1)
    read = parse_hits(data, name="x.mid")
    assert read.hits.tick.tolist() == [480, 960, 1440, 1920]
    assert set(read.hits.voice.tolist()) == {Voice.SNARE}


DAMAGED = {
    "empty": (b"", "no MIDI file"),
    "text": (b"What is this?\n" * 9, "no MIDI file"),
    "header only": (HEADER, "1 tracks declared, 0 there"),
    "cut": (a_track(b"\0\x99\x24\x40" * 40)[:-7], "cut short"),
    "65,535 tracks": (HEADER[:10] + b"\xff\xff" + a_track(b"\0\x99\x24\x40")[12:], "65535 tracks declared, 1 there"),
    "no tracks": (HEADER[:10] + b"\0\0" + HEADER[12:], "cut short"),
    "type 2": (HEADER[:8] + b"\0\x02" + a_track(b"")[10:], "type 2"),
    "SMPTE time": (HEADER[:12] + b"\xe8\x28" + a_track(b"")[14:], "ticks per quarter"),
    "no time": (HEADER[:12] + b"\0\0" + a_track(b"")[14:], "ticks per quarter"),
    "wrong track length": (HEADER + b"MTrk\x7f\xff\xff\xff\0\xff\x2f\0", "cut short"),
    "a megabyte of 0xFF": (a_track(b"\xff" * 2**20), "without an end"),
    "bare 0xFF": (b"\xff" * 2**20, "no MIDI file"),
    "long numbers": (a_track((b"\xff" * 500 + b"\0") * 2000), "broken MIDI"),
    "two million events": (a_track(b"\0\x99\x24\x40" + b"\0\x24" * 2_000_000), "more events"),
    "a huge text": (a_track(b"\0\xff\x01\xff\xff\xff\x7fA"), "broken MIDI"),
    "no status": (a_track(b"\0\x24\x40"), "broken MIDI"),
    "undefined status": (a_track(b"\0\xf4\0\0"), "broken MIDI"),
    "data above 127": (a_track(b"\0\x99\xa4\x40"), "broken MIDI"),
    "key of nine sharps": (a_track(b"\0\xff\x59\x02\x09\0"), "broken MIDI"),
    "an empty meter": (a_track(b"\0\xff\x58\0"), "broken MIDI"),
    "no notes": (a_track(b"\0\xff\x2f\0"), "no drum notes"),
    "only silent notes": (a_track(b"\0\x99\x24\0"), "no drum notes"),
    "notes of no voice": (a_track(b"\0\x99\x01\x40"), "drum table"),
    "three quarters": (a_track(b"\0\xff\x58\x04\x03\x02\x18\x08\0\x99\x24\x40"), "4/4"),
    "ten years long": (a_track(b"\xff\xff\xff\x7f\x99\x24\x40"), "longer than 4096 bars"),
    "5 MiB": (b"MThd" + bytes(LARGEST_BYTES + 1), "larger than 4 MiB"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_named_with_its_reason(name: str, tmp_path: Path) -> None:
    data, reason = DAMAGED[name]
    path = tmp_path / "damaged.mid"
    path.write_bytes(data)
    with pytest.raises(DataError) as refusal:
        read_hits(path)
    words = str(refusal.value)
    assert str(path) in words
    assert reason in words
    assert words.isprintable()


def test_mutations_of_a_good_file_are_read_or_refused_and_nothing_else() -> None:
    good = midi_file(in_order([(i * 120, 9, 36 + i % 8, 90) for i in range(60)]), tempo_bpm=120, bars=4, title="x")
    draw = random.Random(5)
    refused = 0
    for _ in range(600):
        data = bytearray(good)
        for _ in range(draw.randint(1, 8)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        try:
            parse_hits(bytes(data[: draw.choice([len(data), draw.randrange(len(data))])]), name="x.mid")
        except DataError:
            refused += 1
    assert 300 < refused < 600


def test_what_is_no_file_is_named_too(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="doesn't exist"):
        read_hits(tmp_path / "none.mid")
    with pytest.raises(DataError, match="is not a file"):
        read_hits(tmp_path)
    with pytest.raises(DataError) as refusal:
        read_hits(tmp_path / "\x1b]0;owned\x07.mid")
    assert str(refusal.value).isprintable()


def test_the_module_loads_without_mido() -> None:
    code = "import sys, instrument.ports.smf; sys.exit('mido' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
