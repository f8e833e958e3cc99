"""The drum table: every note of a drummer's kit has one voice, and every voice goes to one note of ours."""

from __future__ import annotations

import pytest

from instrument.core.drums import (
    CHOKES,
    DRUM_CHANNEL,
    GM_KIT,
    NOTES_OF_VOICE,
    VOICE_OF_NOTE,
    VOICES,
    KitMap,
    Target,
    Voice,
)


def test_every_note_of_the_table_has_one_voice() -> None:
    notes = [note for row in NOTES_OF_VOICE.values() for note in row]
    assert len(notes) == len(set(notes)) == len(VOICE_OF_NOTE)
    assert list(NOTES_OF_VOICE) == list(Voice)
    assert all(VOICE_OF_NOTE[note] is voice for voice, row in NOTES_OF_VOICE.items() for note in row)


def test_all_notes_of_the_groove_midi_dataset_are_there() -> None:
    """The 22 pitches of its table of mappings."""
    roland = {36, 38, 40, 37, 48, 50, 45, 47, 43, 58, 46, 26, 42, 22, 44, 49, 55, 57, 52, 51, 59, 53}
    assert roland <= set(VOICE_OF_NOTE)


def test_nine_voices_in_the_order_of_every_array() -> None:
    assert [voice.label for voice in Voice] == [
        "kick",
        "snare",
        "closed hat",
        "open hat",
        "low tom",
        "mid tom",
        "high tom",
        "crash",
        "ride",
    ]
    assert [int(voice) for voice in Voice] == list(range(VOICES))


def test_the_kit_of_general_midi_sends_what_the_table_reads() -> None:
    assert [VOICE_OF_NOTE[target.note] for target in GM_KIT.targets] == list(Voice)
    assert {target.channel for target in GM_KIT.targets} == {DRUM_CHANNEL}
    assert GM_KIT.targets[Voice.KICK].note == 36


def test_the_closed_hat_chokes_the_open_one_and_nothing_chokes_itself() -> None:
    assert CHOKES[Voice.CLOSED_HAT] is Voice.OPEN_HAT
    assert all(choking is not choked for choking, choked in CHOKES.items())


@pytest.mark.parametrize("channel", [0, 3, 15])
def test_a_kit_map_on_another_channel(channel: int) -> None:
    kit = GM_KIT.on_channel(channel)
    assert {target.channel for target in kit.targets} == {channel}
    assert [(t.note, t.length_ticks) for t in kit.targets] == [(t.note, t.length_ticks) for t in GM_KIT.targets]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"channel": 16}, r"channel 17 is not in 1\.\.16"),
        ({"channel": -1}, r"channel 0 is not in 1\.\.16"),
        ({"note": 128}, "note 128"),
        ({"note": -1}, "note -1"),
        ({"length_ticks": 0}, "at least one tick"),
    ],
)
def test_a_target_out_of_range_is_refused_in_peoples_numbers(bad: dict[str, int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Target(**{"channel": 9, "note": 36, "length_ticks": 60} | bad)


@pytest.mark.parametrize("count", [0, 4, 8])
def test_a_kit_map_needs_nine_voices(count: int) -> None:
    with pytest.raises(ValueError, match=f"'half' has {count} voices, not 9"):
        KitMap(name="half", targets=GM_KIT.targets[:count])
