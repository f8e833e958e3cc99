"""A command as typed, and what came of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

COMMAND = [sys.executable, "-m", "instrument"]
TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Exit code, stdout and stderr."""

    code: int
    data: str
    words: str

    @property
    def error(self) -> str:
        """The one line that says what is wrong; fails where there is another line, or a traceback."""
        (line,) = self.words.splitlines()
        assert line.startswith("ghostnote: ")
        assert self.data == ""
        return line


def ghostnote(*arguments: str | Path, environment: Mapping[str, str] | None = None) -> Outcome:
    """Run it in a process of its own, where no JACK server answers."""
    nobody = {"JACK_NO_START_SERVER": "1", "JACK_DEFAULT_SERVER": "nobody"}
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env={**os.environ, **nobody, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    return Outcome(code=done.returncode, data=done.stdout, words=done.stderr)
