"""The instrument in a terminal that nobody sees: a pseudo-terminal whose output is read and thrown away."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from instrument.bench.figures import Figures, NotMeasuredError

LEAVE = b"\x11"
LEAVE_S = 10.0
COMMAND = (sys.executable, "-c", "from instrument.cli import main; main()")


class Terminal:
    """A `ghostnote` command in a pseudo-terminal of `columns` x `rows`."""

    def __init__(self, *arguments: str, environment: dict[str, str], columns: int = 80, rows: int = 24) -> None:
        """Raises NotMeasuredError on a system without pseudo-terminals."""
        try:
            import fcntl
            import pty
            import struct
            import termios
        except ImportError as error:
            raise NotMeasuredError("this system has no pseudo-terminals") from error
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            start_new_session=True,
        )
        os.close(theirs)
        self._drain = threading.Thread(target=self._read, daemon=True)
        self._drain.start()

    def _read(self) -> None:
        try:
            while os.read(self._ours, 65536):
                pass
        except OSError:
            return

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def cpu_s(self) -> float:
        """Processor time that the instrument's main process has used."""
        fields = _read_proc(self._process.pid, "stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / float(os.sysconf("SC_CLK_TCK"))

    def memory(self) -> Figures:
        """Megabytes of the main process and of the engine: resident, the same with each page divided by the processes
        that share it (`pss`), and shared with nobody (`own`)."""
        main = self._process.pid
        children = [int(pid) for pid in _read_proc(main, f"task/{main}/children").split()]
        engine = [pid for pid in children if "instrument.engine" in _read_proc(pid, "cmdline")]
        figures: Figures = {}
        for name, pid in (("main", main), *(("engine", pid) for pid in engine)):
            sizes = dict(line.split()[:2] for line in _read_proc(pid, "smaps_rollup").splitlines()[1:])
            kilobytes = {
                "mb": int(sizes["Rss:"]),
                "pss_mb": int(sizes["Pss:"]),
                "own_mb": int(sizes["Private_Clean:"]) + int(sizes["Private_Dirty:"]),
            }
            figures |= {f"{name}_{unit}": round(size / 1000, 1) for unit, size in kilobytes.items()}
        return figures

    def leave(self) -> None:
        """Ctrl+Q, and wait for the end."""
        if self.running:
            os.write(self._ours, LEAVE)
        try:
            self._process.wait(LEAVE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()
        os.close(self._ours)


def _read_proc(pid: int, name: str) -> str:
    """Raises NotMeasuredError where there is no /proc."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise NotMeasuredError("processor time and memory are read from Linux's /proc") from error
