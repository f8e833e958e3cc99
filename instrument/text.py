"""Text from files and devices, made safe to show.

A name in a preset, a track or a port may hold escape sequences that steer a terminal, or marks that turn the reading
direction. Whatever comes from outside passes through here before it is shown or put into a message.
"""

from __future__ import annotations


def printable(text: str, limit: int = 500) -> str:
    """One line of what can be seen: white space becomes single spaces, control and format characters go.

    At most `limit` characters; what is cut ends in "…".
    """
    seen = "".join(" " if mark.isspace() else mark for mark in text if mark.isspace() or mark.isprintable())
    line = " ".join(seen.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
