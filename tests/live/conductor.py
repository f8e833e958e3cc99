"""JACK's transport with bars and beats, so that `jack_midi_clock` leads us through them."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

CLOCK_PORT = "jack_midi_clock:mclk_out"
BEATS_PER_BAR = 4
TICKS_PER_BEAT = 1920.0


class Conductor:
    """The timebase master: a steady tempo from bar 1, frame 0. `tempo_bpm` may be set at any time."""

    def __init__(self, server: str, tempo_bpm: float = 120.0) -> None:
        import jack

        self.tempo_bpm = tempo_bpm
        self._client: Any = jack.Client("conductor", servername=server, no_start_server=True)
        self._rate = int(self._client.samplerate)
        self._client.set_timebase_callback(self._fill)
        self._client.activate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.transport_stop()
        self._client.deactivate()
        self._client.close()

    def start(self) -> None:
        self._client.transport_start()

    def stop(self) -> None:
        self._client.transport_stop()

    def locate(self, beats: float) -> None:
        """Go to so many beats after the start of the song."""
        self._client.transport_frame = round(beats * self._rate * 60 / self.tempo_bpm)

    def _fill(self, state: int, frames: int, position: Any, new: bool) -> None:
        beats = position.frame * self.tempo_bpm / (60 * self._rate)
        beat = int(beats)
        position.valid = 0x10
        position.bar = beat // BEATS_PER_BAR + 1
        position.beat = beat % BEATS_PER_BAR + 1
        position.tick = int((beats - beat) * TICKS_PER_BEAT)
        position.bar_start_tick = (position.bar - 1) * BEATS_PER_BAR * TICKS_PER_BEAT
        position.beats_per_bar = BEATS_PER_BAR
        position.beat_type = 4.0
        position.ticks_per_beat = TICKS_PER_BEAT
        position.beats_per_minute = self.tempo_bpm
