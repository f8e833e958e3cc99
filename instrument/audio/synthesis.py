"""The few things that drum sounds are made of: envelopes, swept tones, bands of noise and clouds of partials.

Noise and partials are drawn as a spectrum with random phases and brought to time by one inverse FFT. That filters as
sharply as wanted, costs the same for six partials or six hundred, and can't alias. All arrays are float32; a length n
is in samples at 48 kHz, a time constant in seconds, a frequency in Hz.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

RATE = 48_000

Floats = npt.NDArray[np.float32]


def seconds(n: int) -> Floats:
    """The time of each of n samples."""
    return np.asarray(np.arange(n, dtype=np.float32) / np.float32(RATE), np.float32)


def decay(n: int, time_constant_s: float) -> Floats:
    """From 1 down to 1/e in `time_constant_s`."""
    return np.asarray(np.exp(seconds(n) / np.float32(-time_constant_s)), np.float32)


def swept_tone(n: int, end_hz: float, *sweeps: tuple[float, float]) -> Floats:
    """A cosine at `end_hz`, plus for each sweep (height_hz, time_constant_s) a fall of that height on to it.

    The phase is the integral of end + sum(height * exp(-t / tau)), in closed form, so no error adds up.
    """
    t = seconds(n)
    cycles = np.float32(end_hz) * t
    for height_hz, tau in sweeps:
        cycles += np.float32(height_hz * tau) * (1 - np.exp(t / np.float32(-tau)))
    return np.asarray(np.cos(np.float32(2 * np.pi) * cycles), np.float32)


def band(frequency: Floats, low_hz: float, high_hz: float, order: int = 3) -> Floats:
    """The magnitude of a Butterworth band pass at each frequency: 1 in the band, 6 * order dB per octave outside."""
    safe = np.maximum(frequency, np.float32(20))
    below = (np.float32(low_hz) / safe) ** (2 * order)
    above = (safe / np.float32(high_hz)) ** (2 * order)
    return (1 / np.sqrt((1 + below) * (1 + above))).astype(np.float32)


def noise(random: np.random.Generator, n: int, low_hz: float, high_hz: float, order: int = 3) -> Floats:
    """Gaussian noise between two frequencies, peak 1; n even."""
    frequency = _bins(n)
    spectrum = random.standard_normal((2, len(frequency)), dtype=np.float32) * band(frequency, low_hz, high_hz, order)
    return normalised(np.fft.irfft(spectrum[0] + 1j * spectrum[1], n).astype(np.float32))


def partials(random: np.random.Generator, n: int, hz: Floats, weight: Floats) -> Floats:
    """Steady sines at the frequencies nearest to `hz` that fit n samples, with random phases, peak 1; n even."""
    spectrum = np.zeros(n // 2 + 1, np.complex64)
    phase = np.exp(2j * np.pi * random.random(len(hz))).astype(np.complex64)
    np.add.at(spectrum, np.rint(hz * (n / RATE)).astype(np.int64), weight * phase)
    return normalised(np.fft.irfft(spectrum, n).astype(np.float32))


def square_cloud(random: np.random.Generator, n: int, hz: tuple[float, ...], low_hz: float, high_hz: float) -> Floats:
    """Square waves at frequencies that share no harmonics, band-passed: the metal of analogue drum machines."""
    odd = np.arange(1, 2 * int(high_hz / min(hz)), 2)
    frequency = np.outer(hz, odd).ravel().astype(np.float32)
    weight = np.tile(1 / odd, len(hz)).astype(np.float32)
    audible = frequency < RATE / 2.2
    frequency, weight = frequency[audible], weight[audible]
    return partials(random, n, frequency, weight * band(frequency, low_hz, high_hz, order=4))


def normalised(sound: Floats) -> Floats:
    """Peak 1."""
    return np.asarray(sound / np.abs(sound).max(), np.float32)


def faded(sound: Floats, n: int) -> Floats:
    """The last n samples brought down to exactly 0 without a click."""
    ramp = np.cos(np.linspace(0, np.pi / 2, n, dtype=np.float32)) ** 2
    ramp[-1] = 0
    out = sound.copy()
    out[..., -n:] *= ramp
    return out


def _bins(n: int) -> Floats:
    return np.fft.rfftfreq(n, 1 / RATE).astype(np.float32)
