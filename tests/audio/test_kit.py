"""The built-in kit measured as one would listen: pitch, brightness, loudness, length; and the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.audio.kit import Kit, Sound, built_in_kit
from instrument.audio.synthesis import RATE, Floats, faded, noise, partials, swept_tone
from instrument.core.drums import Voice

BRIGHTNESS_HZ = {
    Voice.KICK: (40, 150),
    Voice.SNARE: (1500, 5000),
    Voice.CLOSED_HAT: (7000, 14000),
    Voice.OPEN_HAT: (7000, 14000),
    Voice.LOW_TOM: (80, 300),
    Voice.MID_TOM: (110, 400),
    Voice.HIGH_TOM: (150, 500),
    Voice.CRASH: (4000, 9000),
    Voice.RIDE: (4000, 9000),
}
LENGTH_S = {
    Voice.KICK: (0.15, 0.6),
    Voice.SNARE: (0.1, 0.5),
    Voice.CLOSED_HAT: (0.03, 0.2),
    Voice.OPEN_HAT: (0.5, 1.3),
    Voice.LOW_TOM: (0.3, 1.1),
    Voice.MID_TOM: (0.3, 1.1),
    Voice.HIGH_TOM: (0.3, 1.1),
    Voice.CRASH: (1.2, 2.6),
    Voice.RIDE: (0.8, 1.7),
}
"""Until a stroke has fallen by 40 dB of its energy."""


def stroke(voice: Voice, velocity: int = 127) -> Floats:
    return built_in_kit().sounds[voice].stroke(velocity)


def spectrum(sound: Floats) -> tuple[Floats, Floats]:
    """Frequencies, and the energy at each."""
    mono = sound.mean(axis=0)
    return np.fft.rfftfreq(len(mono), 1 / RATE).astype(np.float32), (np.abs(np.fft.rfft(mono)) ** 2).astype(np.float32)


def centroid(sound: Floats) -> float:
    hz, energy = spectrum(sound)
    return float((hz * energy).sum() / energy.sum())


def loudest_hz(sound: Floats) -> float:
    hz, energy = spectrum(sound)
    return float(hz[energy.argmax()])


def length_s(sound: Floats) -> float:
    left = np.cumsum((sound**2).sum(axis=0)[::-1])[::-1]
    return float(np.argmax(left < left[0] * 1e-4)) / RATE


@pytest.mark.parametrize("voice", Voice)
def test_a_voice_has_the_brightness_and_length_of_its_drum(voice: Voice) -> None:
    low, high = BRIGHTNESS_HZ[voice]
    assert low < centroid(stroke(voice)) < high
    short, long = LENGTH_S[voice]
    assert short < length_s(stroke(voice)) < long


def test_drums_with_a_pitch_lie_where_they_are_tuned() -> None:
    assert 40 < loudest_hz(stroke(Voice.KICK)) < 80
    assert 150 < loudest_hz(stroke(Voice.SNARE)) < 250
    toms = [loudest_hz(stroke(voice)) for voice in (Voice.LOW_TOM, Voice.MID_TOM, Voice.HIGH_TOM)]
    assert toms == sorted(toms)
    assert toms[2] > 1.5 * toms[0]


def test_the_kick_falls_in_pitch() -> None:
    sound = stroke(Voice.KICK).mean(axis=0)
    crossings = np.flatnonzero(np.diff(np.signbit(sound[: RATE // 5])))
    periods = np.diff(crossings[5:])
    assert periods[:3].mean() < 0.5 * periods[-3:].mean()


@pytest.mark.parametrize("voice", Voice)
def test_a_harder_stroke_is_louder_and_brighter(voice: Voice) -> None:
    sounds = [stroke(voice, velocity) for velocity in (20, 50, 80, 110, 127)]
    peaks = [float(np.abs(sound).max()) for sound in sounds]
    assert peaks == sorted(peaks)
    assert peaks[0] < 0.1 * peaks[-1]
    bright = [centroid(sound) for sound in sounds]
    assert bright == sorted(bright)
    assert bright[0] < bright[-1]


@pytest.mark.parametrize("voice", Voice)
def test_a_stroke_starts_at_once_and_ends_in_silence(voice: Voice) -> None:
    sound = stroke(voice)
    assert sound.dtype == np.float32
    assert np.isfinite(sound).all()
    assert np.abs(sound[:, 0]).min() > 0
    assert np.abs(sound[:, : RATE // 20]).max() == pytest.approx(np.abs(sound).max(), rel=0.2), "no slow attack"
    assert (sound[:, -1] == 0).all()
    assert np.abs(sound[:, -RATE // 200 :]).max() < 0.003
    assert abs(float(sound.mean())) < 0.005


def test_the_kit_is_spread_over_left_and_right() -> None:
    def lean(voice: Voice) -> float:
        left, right = (stroke(voice) ** 2).sum(axis=1)
        return float((right - left) / (right + left))

    assert abs(lean(Voice.KICK)) < 0.02
    assert lean(Voice.CLOSED_HAT) < -0.2
    assert lean(Voice.RIDE) > 0.2
    assert lean(Voice.HIGH_TOM) < lean(Voice.MID_TOM) < lean(Voice.LOW_TOM)


def test_the_kit_is_the_same_every_time() -> None:
    first = built_in_kit()
    built_in_kit.cache_clear()
    for a, b in zip(first.sounds, built_in_kit().sounds, strict=True):
        assert (a.body == b.body).all()
        assert (a.edge == b.edge).all()


def test_a_kit_lacks_no_voice_and_a_sound_no_layer() -> None:
    with pytest.raises(ValueError, match="9 sounds, not 8"):
        Kit(sounds=built_in_kit().sounds[:8])
    with pytest.raises(ValueError, match="share one shape"):
        Sound(body=np.zeros((2, 8), np.float32), edge=np.zeros((2, 9), np.float32))


def test_noise_keeps_to_its_band() -> None:
    sound = noise(np.random.default_rng(1), RATE, 2000, 4000, order=6)
    hz, energy = spectrum(sound[None])
    outside = (hz < 1000) | (hz > 8000)
    assert energy[outside].sum() < 1e-4 * energy.sum()


def test_partials_are_where_they_are_asked_for() -> None:
    asked = np.array([440, 1234, 9876], np.float32)
    hz, energy = spectrum(partials(np.random.default_rng(1), RATE, asked, np.ones(3, np.float32))[None])
    assert sorted(hz[np.argsort(energy)[-3:]].tolist()) == asked.tolist()


def test_a_sweep_arrives_at_its_frequency() -> None:
    tone = swept_tone(RATE, 100, (300, 0.02))
    assert loudest_hz(tone[None, RATE // 2 :]) == pytest.approx(100, abs=2)


def test_a_fade_leaves_the_rest_alone() -> None:
    sound = faded(np.ones((2, 100), np.float32), 10)
    assert (sound[:, :90] == 1).all()
    assert (np.diff(sound[:, 90:]) < 0).all()
    assert (sound[:, -1] == 0).all()
