"""Whether a note that comes in is one of ours that somebody sends back to us.

A host that routes its input through, or a synth's thru port, returns what it gets after a moment; answering it would
howl. A note counts as an echo where channel, note and velocity are those of one that was due within `LONGEST_S` before.
Each of ours is looked for only once, so that a player who strikes the same is heard.
"""

from __future__ import annotations

from collections import deque

LONGEST_S = 0.1
SOONEST_S = -0.005
MOST = 256
SAID_FROM = 8
"""Echoes within `WINDOW_S` from which on it is no accident."""
WINDOW_S = 4.0

Stroke = tuple[int, int, int]
"""Channel, note, velocity."""


class EchoFilter:
    """Mutable; one thread, the engine's."""

    def __init__(self) -> None:
        self._sent: deque[tuple[float, Stroke]] = deque(maxlen=MOST)
        self._echoes: deque[float] = deque(maxlen=SAID_FROM)

    def sent(self, due_s: float, channel: int, note: int, velocity: int) -> None:
        """A note of ours is to sound at a time."""
        self._sent.append((due_s, (channel, note, velocity)))

    def is_echo(self, at_s: float, channel: int, note: int, velocity: int) -> bool:
        """Whether a note that came in at a time is one of ours."""
        stroke = (channel, note, velocity)
        for entry in self._sent:
            if entry[1] == stroke and SOONEST_S <= at_s - entry[0] <= LONGEST_S:
                self._sent.remove(entry)
                self._echoes.append(at_s)
                return True
        return False

    def howls(self, now: float) -> bool:
        """Whether our output is routed back to us."""
        return len(self._echoes) == SAID_FROM and now - self._echoes[0] < WINDOW_S
