"""The page on a scripted session: `python -m instrument.tui.demo [no-midi]`. No port, no net, no sound."""

from __future__ import annotations

import sys
import time

from instrument.session.scripted import GOOD_HEALTH, NO_MIDI_HEALTH, ScriptedSession
from instrument.tui.app import play


def main(words: list[str]) -> int:
    session = ScriptedSession(time.monotonic, health=NO_MIDI_HEALTH if "no-midi" in words else GOOD_HEALTH)
    return play(session)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
