"""Real-time rights for the engine: a fixed priority, memory that stays in place, timers that don't round, no collector.

Each is asked for and done without where it is refused; `claim` says what would help.
"""

from __future__ import annotations

import gc
import os
import sys
from dataclasses import dataclass

FIFO_PRIORITY = 70
PR_SET_TIMERSLACK = 29
SWITCH_S = 0.0002
"""How long the pipe's reader may keep the interpreter from the music's thread; Python's own 5 ms would be heard."""
MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT = 1, 2, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """Whether the process has a real-time priority, and what to do to get one, or ""."""

    realtime: bool
    advice: str


def claim() -> Rights:
    """Take what the system gives. Call once everything is loaded: what is there now is never collected again."""
    gc.collect()
    gc.freeze()
    gc.disable()
    sys.setswitchinterval(SWITCH_S)
    if not sys.platform.startswith("linux"):
        return Rights(realtime=False, advice="")
    _linux_timers_and_memory()
    try:
        _raise_all_threads()
    except OSError:
        advice = (
            "no real-time rights: add your user to a group with `@audio - rtprio 95` and `@audio - memlock unlimited`"
        )
        return Rights(realtime=False, advice=f"{advice} in /etc/security/limits.d, then log in again")
    return Rights(realtime=True, advice="")


def _raise_all_threads() -> None:
    """The pipe's reader too: a thread of low priority that is held up while it has the interpreter lock holds up all.
    A thread that JACK has given a real-time priority keeps it."""
    for thread in [int(task.name) for task in os.scandir("/proc/self/task")]:
        if os.sched_getscheduler(thread) == os.SCHED_OTHER:
            os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(FIFO_PRIORITY))


def _linux_timers_and_memory() -> None:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0)
    libc.mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)
