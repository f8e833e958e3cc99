"""One family of errors, told apart by whose fault they are; the command line turns them into words and exit codes.

A message is one line: what is wrong, with which file or port, and what to do. Notes (PEP 678) are lines of detail that
are shown before it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GhostnoteError(Exception):
    """Something a person can mend. `exit_code` is what the process returns."""

    exit_code = 1


class UsageError(GhostnoteError):
    """The player asked for something that doesn't exist or is out of range."""

    exit_code = 2


class DataError(GhostnoteError):
    """A file or folder can't be used as it is."""


class ModelError(GhostnoteError):
    """A preset or its net is not what it says, or fails when run."""


class PortError(GhostnoteError):
    """No MIDI system, or a port that is missing, busy or gone."""

    exit_code = 3


class MissingExtraError(GhostnoteError):
    """A command needs packages that playing doesn't."""

    def __init__(self, command: str, extra: str) -> None:
        super().__init__(
            f"`ghostnote {command}` needs the {extra} extra; install it with: pip install 'ghostnote[{extra}]'"
        )


def nearest(word: str, known: Iterable[str]) -> str:
    """` (did you mean "x"?)` for the nearest known word, or nothing; made to be put behind a message."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f' (did you mean "{found[0]}"?)' if found else ""
