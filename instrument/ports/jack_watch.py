"""A client of the JACK server that RtMidi plays through, which is told when the server goes; RtMidi isn't.

Each copy of libjack maps the server's shared memory anew and locks it, 40 MB and more. RtMidi's wheels carry a copy of
their own, so the watch looks for the one that is in the process already, and takes the system's only without it.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from pathlib import Path

from instrument.ports.quiet import quiet

NO_START_SERVER = 1
Told = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class JackWatch:
    """Any thread may read `alive`."""

    def __init__(self, library: ctypes.CDLL, client: int) -> None:
        self._library = library
        self._client = client
        self._told = Told(self._shut_down)  # JACK keeps no reference
        self.alive = True
        library.jack_on_shutdown(client, self._told, None)
        library.jack_activate(client)

    @classmethod
    def of(cls, name: str) -> JackWatch | None:
        """Watch the running server; None where it can't be. Call with RtMidi's client open."""
        path = _loaded() or ctypes.util.find_library("jack")
        if path is None:
            return None
        try:
            library = _declared(ctypes.CDLL(path))
        except (OSError, AttributeError):
            return None
        with quiet():
            client = library.jack_client_open(f"{name} watch".encode(), NO_START_SERVER, None)
            return cls(library, client) if client else None

    def close(self) -> None:
        """Of a server that has gone too: a client that stays would hold on to its memory."""
        client, self._client = self._client, 0
        if client:
            with quiet():
                self._library.jack_client_close(client)

    def _shut_down(self, argument: object) -> None:
        self.alive = False


def _loaded() -> str | None:
    """RtMidi's libjack, else another that this process has loaded; None without one, or without a /proc to ask."""
    try:
        mapped = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    paths = [slash + path for _, slash, path in (line.partition("/") for line in mapped)]
    return max((path for path in paths if "/libjack" in path), key=lambda path: "rtmidi" in path, default=None)


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    """With the types of what is called. Raises AttributeError where something is missing."""
    library.jack_client_open.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]
    library.jack_client_open.restype = ctypes.c_void_p
    library.jack_on_shutdown.argtypes = [ctypes.c_void_p, Told, ctypes.c_void_p]
    library.jack_on_shutdown.restype = None
    library.jack_activate.argtypes = [ctypes.c_void_p]
    library.jack_client_close.argtypes = [ctypes.c_void_p]
    return library
