"""The words of the groove's options: voices by name, ranges, ticks."""

from __future__ import annotations

from instrument.core.drums import VOICES, Voice
from instrument.errors import UsageError, nearest
from instrument.text import printable

NAMES = {voice.name.lower(): int(voice) for voice in Voice}
GROUPS = {
    "hats": (Voice.CLOSED_HAT, Voice.OPEN_HAT),
    "toms": (Voice.LOW_TOM, Voice.MID_TOM, Voice.HIGH_TOM),
    "cymbals": (Voice.CRASH, Voice.RIDE),
    "hands": tuple(voice for voice in Voice if voice is not Voice.KICK),
}


def muted(words: str, option: str = "--mute") -> frozenset[int]:
    """ "crash,toms" -> voices. Raises UsageError, naming the nearest."""
    return frozenset(voice for word in words.split(",") if word.strip() for voice in _voices(option, word))


def late(words: str) -> tuple[int, ...]:
    """ "snare=12,hats=-6" -> ticks by voice, or () for none. Raises UsageError."""
    ticks = [0] * VOICES
    for word in filter(str.strip, words.split(",")):
        name, _, number = word.partition("=")
        try:
            amount = int(number)
        except ValueError as error:
            raise UsageError(f'--late "{printable(word)}" is not VOICE=TICKS, as in snare=12') from error
        for voice in _voices("--late", name):
            ticks[voice] = amount
    return tuple(ticks) if any(ticks) else ()


def velocities(words: str) -> tuple[int, int]:
    """ "20-110" -> (20, 110). Raises UsageError."""
    softest, _, loudest = words.partition("-")
    try:
        return int(softest), int(loudest)
    except ValueError as error:
        raise UsageError(f'--velocity "{printable(words)}" is not SOFTEST-LOUDEST, as in 20-110') from error


def notes(words: str) -> tuple[int, int]:
    """ "36-60" -> (36, 60). Raises UsageError."""
    low, _, high = words.partition("-")
    if not (low.strip().isdecimal() and high.strip().isdecimal() and int(low) <= int(high) <= 127):
        raise UsageError(f'--in-notes "{printable(words)}" is not LOWEST-HIGHEST within 0-127, as in 36-60')
    return int(low), int(high)


def channels(words: str) -> frozenset[int]:
    """ "1,10" -> channels 0..15; none for all. Raises UsageError."""
    numbers = [word.strip() for word in words.split(",") if word.strip()]
    if not all(number.isdecimal() and 1 <= int(number) <= 16 for number in numbers):
        raise UsageError(f'--in-channel "{printable(words)}" is not a list of channels 1 to 16, as in 1,10')
    return frozenset(int(number) - 1 for number in numbers)


def share_range(words: str) -> tuple[float, float]:
    """ "0.1-0.9" -> (0.1, 0.9). Raises UsageError."""
    low, _, high = words.partition("-")
    try:
        least, most = float(low), float(high)
    except ValueError:
        least, most = 1.0, 0.0
    if not 0 <= least <= most <= 1:
        raise UsageError(f'--energy-range "{printable(words)}" is not LEAST-MOST within 0-1, as in 0.1-0.9')
    return least, most


def _voices(option: str, word: str) -> tuple[int, ...]:
    name = word.strip().lower().replace(" ", "_")
    if name in GROUPS:
        return tuple(map(int, GROUPS[name]))
    if name not in NAMES:
        known = [*NAMES, *GROUPS]
        raise UsageError(f'{option}: no voice "{printable(name)}"{nearest(name, known)}; there are: {", ".join(known)}')
    return (NAMES[name],)
