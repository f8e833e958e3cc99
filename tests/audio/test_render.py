"""What is rendered lies at its sample, adds up, is choked where it should be, and never clips."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from instrument.audio import wav
from instrument.audio.kit import Kit, Sound, built_in_kit
from instrument.audio.render import BLOCK, CEILING, CHOKE_FADE_S, KNEE, blocks, limited, render, strokes
from instrument.audio.synthesis import RATE, Floats
from instrument.audio.wav import pcm, wav_bytes, write_wav
from instrument.core.drums import GM_KIT, KitMap, Target, Voice
from instrument.core.events import Message, note_off, note_on
from instrument.core.timebase import BAR_TICKS, ticks_to_seconds
from instrument.errors import DataError, UsageError


def a_click_kit(length: int = 4) -> Kit:
    """Each voice a short flat pulse of its own height, so that the mix can be read."""
    pulses = [np.full((2, length), (voice + 1) / 128, np.float32) for voice in Voice]
    return Kit(sounds=tuple(Sound(body=pulse, edge=np.zeros_like(pulse)) for pulse in pulses))


def at_full(position_ticks: int, voice: Voice) -> Message:
    return note_on(position_ticks, 9, GM_KIT.targets[voice].note, 127)


@given(
    st.dictionaries(st.integers(0, 4 * BAR_TICKS - 1), st.sampled_from(Voice), min_size=1, max_size=30),
    st.floats(20, 300),
)
def test_every_stroke_starts_on_its_sample(music: dict[int, Voice], tempo_bpm: float) -> None:
    sound = render(
        [at_full(tick, voice) for tick, voice in sorted(music.items())], tempo_bpm=tempo_bpm, bars=4, kit=a_click_kit(1)
    )
    expected = np.zeros(len(sound), np.float32)
    for tick, voice in music.items():
        expected[round(ticks_to_seconds(tick, tempo_bpm) * RATE)] += (voice + 1) / 128
    assert (sound == expected[:, None]).all()


def test_a_beat_at_120_lies_every_24000_samples() -> None:
    sound = render([at_full(beat * 480, Voice.KICK) for beat in range(8)], tempo_bpm=120, bars=2, kit=a_click_kit(1))
    assert np.flatnonzero(sound[:, 0]).tolist() == [beat * 24_000 for beat in range(8)]


def test_strokes_over_the_edge_of_a_block_are_whole() -> None:
    kit = built_in_kit()
    tempo_bpm, tick = 120, 19_200 - 5
    sound = render([at_full(tick, Voice.CRASH)], tempo_bpm=tempo_bpm, bars=1, kit=kit)
    start = round(ticks_to_seconds(tick, tempo_bpm) * RATE)
    assert start < 2 * BLOCK < start + len(kit.sounds[Voice.CRASH])
    assert (sound[start:] == kit.sounds[Voice.CRASH].stroke(127).T).all()
    assert not sound[:start].any()


def test_blocks_make_up_the_render() -> None:
    music = [at_full(beat * 480, Voice(beat % 9)) for beat in range(64)]
    whole = render(music, tempo_bpm=97, bars=16)
    parts = list(blocks(music, tempo_bpm=97, bars=16))
    assert {len(part) for part in parts[:-1]} == {BLOCK}
    assert (np.concatenate(parts) == whole).all()


def test_music_is_as_long_as_its_bars_and_what_rings_on() -> None:
    kit = built_in_kit()
    assert len(render([], tempo_bpm=120, bars=3)) == 3 * 2 * RATE
    last = at_full(BAR_TICKS - 480, Voice.CRASH)
    assert len(render([last], tempo_bpm=120, bars=1)) == 3 * RATE // 2 + len(kit.sounds[Voice.CRASH])
    assert len(render([], tempo_bpm=120, bars=0)) == 0


def test_a_hit_before_bar_0_sounds_at_the_start() -> None:
    sound = render([at_full(-20, Voice.SNARE)], tempo_bpm=120, bars=1, kit=a_click_kit(1))
    assert np.flatnonzero(sound[:, 0]).tolist() == [0]


def test_a_closed_hat_chokes_the_open_one_and_nothing_else() -> None:
    kit = a_click_kit(RATE)
    music = [at_full(0, Voice.OPEN_HAT), at_full(0, Voice.RIDE), at_full(240, Voice.CLOSED_HAT)]
    left = render(music, tempo_bpm=120, bars=1, kit=kit)[:, 0] * 128
    closed, fade = 12_000, round(CHOKE_FADE_S * RATE)
    open_, ride, shut = (voice + 1 for voice in (Voice.OPEN_HAT, Voice.RIDE, Voice.CLOSED_HAT))
    assert left[closed - 1] == open_ + ride
    assert left[closed] == open_ + ride + shut
    assert (np.diff(left[closed : closed + fade]) < 0).all()
    assert left[closed + fade] == ride + shut
    assert left[RATE] == shut


def test_an_open_hat_that_has_ended_is_not_cut() -> None:
    music = [at_full(0, Voice.OPEN_HAT), at_full(1440, Voice.CLOSED_HAT)]
    found = strokes(music, tempo_bpm=120)
    assert [stroke.choked for stroke in found] == [72_000, -1]
    sound = render(music, tempo_bpm=120, bars=1)
    whole = built_in_kit().sounds[Voice.OPEN_HAT].stroke(127).T
    assert (sound[: len(whole)] == whole).all()


def test_note_offs_and_unknown_notes_are_silent() -> None:
    music = [note_off(0, 9, 36), note_on(0, 9, 3, 100), note_on(0, 9, 36, 0)]
    assert not render(music, tempo_bpm=120, bars=1).any()


def test_a_kit_map_of_ones_own_is_heard_through_its_own_notes() -> None:
    targets = tuple(Target(channel=voice, note=60, length_ticks=60) for voice in Voice)
    one_channel_each = KitMap(name="per voice", targets=targets)
    music = [note_on(0, Voice.CRASH, 60, 100), note_on(0, 9, 38, 100)]
    found = strokes(music, tempo_bpm=120, kit_map=one_channel_each)
    assert [stroke.voice for stroke in found] == [Voice.CRASH, Voice.SNARE]


@given(hnp.arrays(np.float32, 200, elements=st.floats(-50, 50, width=32)))
def test_the_limiter_leaves_the_quiet_alone_and_never_clips(mix: Floats) -> None:
    out = limited(np.sort(mix))
    assert np.abs(out).max() <= CEILING
    assert (np.diff(out) >= 0).all()
    quiet = np.abs(np.sort(mix)) <= KNEE
    assert (out[quiet] == np.sort(mix)[quiet]).all()


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(0, BAR_TICKS), st.sampled_from(Voice)), min_size=100, max_size=200))
def test_nothing_clips_however_dense(music: list[tuple[int, Voice]]) -> None:
    sound = render([at_full(tick, voice) for tick, voice in sorted(music)], tempo_bpm=120, bars=1)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() <= CEILING


def test_all_nine_voices_at_full_velocity_stay_below_the_ceiling() -> None:
    sound = render([at_full(0, voice) for voice in Voice], tempo_bpm=120, bars=1)
    assert KNEE < np.abs(sound).max() < CEILING


def test_a_wav_file_is_16_bit_stereo_at_48_khz_and_holds_what_was_rendered(tmp_path: Path) -> None:
    sound = render([at_full(0, Voice.SNARE)], tempo_bpm=120, bars=1)
    path = tmp_path / "snare.wav"
    write_wav(path, [sound[:1000], sound[1000:]])
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, RATE)
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    assert np.abs(frames / 32767 - sound).max() <= 0.5 / 32767 + 1e-7


def test_the_same_music_gives_the_same_wav() -> None:
    music = [at_full(beat * 240, Voice(beat % 9)) for beat in range(32)]
    first, second = (wav_bytes(blocks(music, tempo_bpm=133, bars=4)) for _ in range(2))
    assert first == second


def test_full_scale_is_not_wrapped_around() -> None:
    full = np.array([[1.0, -1.0], [1.5, -1.5]], np.float32)
    assert np.frombuffer(pcm(full), "<i2").tolist() == [32767, -32767, 32767, -32767]


def test_a_wav_that_would_be_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wav, "MOST_FRAMES", 10)
    with pytest.raises(UsageError, match="fewer bars"):
        wav_bytes([np.zeros((11, 2), np.float32)])


def test_an_unwritable_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none"):
        write_wav(tmp_path / "none" / "x.wav", [np.zeros((1, 2), np.float32)])


def test_an_empty_render_is_still_a_wav() -> None:
    with wave.open(io.BytesIO(wav_bytes([])), "rb") as file:
        assert file.getnframes() == 0
