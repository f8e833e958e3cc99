"""Figures: percentiles of measured values, and the machine that they were measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Figures = dict[str, Any]


class NotMeasuredError(Exception):
    """A case can't be measured here; the message says why and what it takes."""


def spread(values: Iterable[float], unit: str) -> Figures:
    """p50, p99 and the largest of values, as `p50_<unit>` and so on. Raises NotMeasuredError without values."""
    ordered = sorted(values)
    if not ordered:
        raise NotMeasuredError("nothing was heard")
    last = len(ordered) - 1
    places = {"p50": last // 2, "p99": round(last * 0.99), "max": last}
    return {f"{name}_{unit}": round(ordered[place], 4) for name, place in places.items()}


def machine() -> Figures:
    """The machine, and its load in processes over the last minute."""
    load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "load": load,
    }


def _processor() -> str:
    try:
        words = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in words.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor()
