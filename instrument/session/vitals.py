"""How a performance fares: port, timing, net and knobs, in figures."""

from __future__ import annotations

from collections.abc import Iterable

from instrument.engine.messages import NO_CLOCK, OWN_CLOCK
from instrument.session.engine_line import EngineLine
from instrument.session.feeder import Feeder
from instrument.session.knob_watch import KnobWatch
from instrument.session.view import Health


def health(line: EngineLine, feeder: Feeder, knob: KnobWatch, *, follows_clock: bool) -> Health:
    """As things are now."""
    status, ready = line.status, line.ready
    return Health(
        backend=ready.backend,
        port=ready.out_port,
        connected=status.connected if status else True,
        realtime=ready.realtime,
        advice=ready.advice,
        trouble=line.trouble or feeder.trouble,
        lateness_p50_ms=status.lateness_p50_ms if status else 0.0,
        lateness_p99_ms=status.lateness_p99_ms if status else 0.0,
        lateness_max_ms=status.lateness_max_ms if status else 0.0,
        misses=feeder.misses + (status.misses if status else 0),
        model_ms=percentiles(feeder.times_ms.copy())["p50"],
        knob_p50_ms=knob.percentile_ms(0.5),
        knob_p99_ms=knob.percentile_ms(0.99),
        clock=status.clock if status else NO_CLOCK if follows_clock else OWN_CLOCK,
    )


def percentiles(values: Iterable[float]) -> dict[str, float]:
    """p50, p99 and the largest; zeros of none."""
    ordered = sorted(values) or [0.0]
    last = len(ordered) - 1
    places = {"p50": last // 2, "p99": round(last * 0.99), "max": last}
    return {name: round(ordered[place], 3) for name, place in places.items()}
