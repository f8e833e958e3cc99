"""ports, doctor and bench: what is there, what is missing, how fast it is."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from instrument.commands.shared import Json, print_json, say
from instrument.errors import UsageError, nearest

SECONDS = 20.0


def ports(json: Json = False) -> int:
    """What can be connected."""
    from instrument.ports.discover import systems

    found = systems()
    if json:
        print_json([system.as_data() for system in found])
    else:
        for system in found:
            print(f"{system.name}: {system.problem or 'there'}")
            for direction, names in (("in", system.inputs), ("out", system.outputs)):
                for name in names:
                    print(f"  {direction:4} {name}")
    return 0 if any(not system.problem for system in found) else 3


def doctor(json: Json = False) -> int:
    """Why there is no port, no real time, no sound; and how to mend it."""
    from instrument.session.doctor import examine

    findings = examine()
    if json:
        print_json([finding.as_data() for finding in findings])
    else:
        for finding in findings:
            print(f"{'good' if finding.good else 'lack':5} {finding.subject:11} {finding.words}")
            if finding.cure:
                print(f"{'':17} {finding.cure}")
    return 0 if all(finding.good or not finding.needed for finding in findings) else 3


def bench(
    only: Annotated[str, typer.Option("--only", help="Cases by name, with commas between.")] = "",
    seconds: Annotated[float, typer.Option("--seconds", help="How long a case plays.")] = SECONDS,
    json: Json = False,
) -> int:
    """Measure inference, lateness at the port, knob to sound, start-up and memory on this machine."""
    import json as encoder

    from instrument.bench.cases import CASES, WORDS, measure

    names = only.split(",") if only else [name for name in CASES if name != "soak"]
    for name in names:
        if name not in CASES:
            raise UsageError(f'--only "{name}"{nearest(name, CASES)} is none of {", ".join(CASES)}')
    if not 1 <= seconds <= 86_400:
        raise UsageError(f"--seconds {seconds:g} is not in 1..86400")
    for figures in measure(names, seconds):
        if json:
            print(encoder.dumps(figures), flush=True)
        else:
            print(f"{figures['case']}: {WORDS[figures['case']]}")
            print("  " + _words(figures), flush=True)
    if not json:
        say(_words({"case": "", **figures["machine"]}))
    return 0


def _words(figures: dict[str, Any]) -> str:
    plain = {name: value for name, value in figures.items() if name not in ("case", "machine")}
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in plain.items())


def register(app: typer.Typer) -> None:
    for command in (ports, doctor, bench):
        app.command()(command)
