"""The cases of `ghostnote bench` by name, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from instrument.bench import along, follower, hands, live, peers, port
from instrument.bench.figures import Figures, NotMeasuredError, machine

Case = Callable[[float], Figures]

CASES: dict[str, Case] = {
    "bar": lambda seconds: live.bar(),
    "place": lambda seconds: live.place(),
    "knob": lambda seconds: live.knob(),
    "controller": lambda seconds: hands.controller(),
    "storm": hands.storm,
    "screen": port.screen,
    "along": lambda seconds: along.along(),
    "first-note": lambda seconds: port.first_note(),
    "lateness-jack": lambda seconds: port.lateness("jack", seconds),
    "lateness-rtmidi": lambda seconds: port.lateness("rtmidi", seconds),
    "peers": peers.ratio,
    "follower": follower.follower,
    "soak": live.soak,
}
WORDS = {
    "bar": "from latent to rendered events",
    "place": "from a bar that was played to its place in the latent",
    "knob": "from a turned knob to the engine's word that it plays the change",
    "controller": "from a learnt controller's message on a JACK port to the engine's word that it plays the change",
    "storm": "lateness in a calm run, and with every knob moved 200 times a second",
    "screen": "processor time while it plays and draws, in percent of a core",
    "along": "another player: answered, in form, and how soon a note of theirs is heard in ours",
    "first-note": "from the command to the first note at an independent receiver",
    "lateness-jack": "error at an independent receiver, jack sink, screen drawing and net running",
    "lateness-rtmidi": "error at an independent receiver, rtmidi sink, screen drawing and net running",
    "peers": "our error at the receiver beside other Python players', all cores busy",
    "follower": "error of a sixteenth, led by MIDI clock: through JACK, and at 3 ms of half-normal jitter",
    "soak": "a long run: misses, drift, leaks",
}


def measure(names: list[str], seconds: float) -> Iterator[Figures]:
    """The figures of each case, with machine and load, as soon as they are there."""
    for name in names:
        facts = machine()
        try:
            figures = CASES[name](seconds)
        except NotMeasuredError as error:
            figures = {"not_measured": str(error)}
        yield {"case": name, **figures, "machine": facts}
