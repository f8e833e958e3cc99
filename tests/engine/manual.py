"""Time by hand, a player on a memory port, and bars to play."""

from __future__ import annotations

from instrument.core.events import BarNotes, Message
from instrument.engine.following import Switches
from instrument.engine.messages import Load, Play, Sent
from instrument.engine.player import Player
from instrument.ports.memory import MemorySink
from tests.core.notes import bar, note


class Clock:
    """The time is what it was set to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def beats(index: int, revision: int = 0) -> BarNotes:
    """Kick on every beat."""
    return bar(index, *(note(beat * 480, cell=beat * 4) for beat in range(4)), revision=revision)


class Stand:
    """A player whose clock jumps from one deadline to the next, as its loop would wake it."""

    def __init__(
        self,
        *,
        tempo_bpm: float = 120.0,
        look_ahead_s: float = 0.0,
        offset_ms: float = 0.0,
        switches: Switches | None = None,
        sends_clock: bool = False,
    ) -> None:
        self.clock = Clock()
        self.sink = MemorySink(clock=self.clock, look_ahead_s=look_ahead_s)
        self.player = Player(self.sink, tempo_bpm, offset_ms, switches=switches, sends_clock=sends_clock)
        self.sent: list[Sent] = []

    def load(self, *music: BarNotes) -> None:
        for revision in music:
            self.player.handle(Load(bar=revision), self.clock())

    def start(self, bar: int = 0, until_bar: int = -1) -> None:
        self.player.handle(Play(from_bar=bar, until_bar=until_bar), self.clock())

    def listen(self) -> None:
        """Hear what has arrived, as the loop does at each turn."""
        for arrived in self.sink.incoming():
            self.player.hear(arrived, self.clock())
        self.player.step(self.clock())

    def run(self, seconds: float) -> None:
        """Let so much time pass."""
        end = self.clock() + seconds
        while True:
            wake = self.player.step(self.clock())
            self.sent += self.player.collect(self.clock())
            if wake is None or wake >= end:
                break
            assert wake > self.clock() - 1e-9, "the player asks to be woken in the past"
            self.clock.now_s = max(wake, self.clock() + 1e-6)
        self.clock.now_s = end

    @property
    def messages(self) -> list[Message]:
        self.sent += self.player.collect(self.clock())
        return [entry.message for entry in self.sent]
