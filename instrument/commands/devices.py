"""ports, doctor and bench: what is there, what is missing, how fast it is."""

from __future__ import annotations

import typer

from instrument.commands.shared import Json, print_json


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


def register(app: typer.Typer) -> None:
    app.command()(ports)
