"""The options of the commands that make music, each declared once, as frozen values that a command is called with."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from instrument.commands.shared import Channel, Epoch, Json, Kit, Preset
from presets import FLAGSHIP

DEFAULT_BPM = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What to play, as typed."""

    preset: Preset = FLAGSHIP
    epoch: Epoch = "best"
    bpm: Annotated[
        float | None, typer.Option("--bpm", help="Tempo, 20 to 300. [default: 120, or that of --along's file]")
    ] = None
    seed: Annotated[
        int | None, typer.Option("--seed", help="The same seed plays the same bars. [default: jam draws one, else 0]")
    ] = None
    style: Annotated[str, typer.Option("--style", help="A style of the preset's; none: one that the seed draws.")] = ""
    density: Annotated[float, typer.Option("--density", help="How many notes, 0 to 1; 0.5 as drummers play.")] = 0.5
    energy: Annotated[float, typer.Option("--energy", help="How hard, 0 to 1; 0.5 as drummers play.")] = 0.5
    variation: Annotated[
        float, typer.Option("--variation", help="How far bars stray from home: 0 a loop, 1 all new.")
    ] = 0.4
    fill_every: Annotated[int, typer.Option("--fill-every", help="A fill every so many bars; 0: none.")] = 0
    quantise: Annotated[
        float, typer.Option("--quantise", help="0: the drummer's timing; 1: every onset on the grid.")
    ] = 0.0
    swing: Annotated[float, typer.Option("--swing", help="50 (straight) to 75 per cent.")] = 50.0
    humanise: Annotated[float, typer.Option("--humanise", help="How far the hands wander about the beat, 0 to 1.")] = (
        0.0
    )
    accent: Annotated[float, typer.Option("--accent", help="-1: all hits alike; 1: accents twice as strong.")] = 0.0
    velocity: Annotated[str, typer.Option("--velocity", help="The softest and the loudest hit, as 20-110.")] = "1-127"
    late: Annotated[str, typer.Option("--late", help="Voices late (+) or early (-) in ticks: snare=12,hats=-6.")] = ""
    mute: Annotated[str, typer.Option("--mute", help="Voices that rest: crash,toms.")] = ""
    recall: Annotated[str, typer.Option("--recall", help="The bar of a recall code, with its seed and knobs.")] = ""
    kit: Kit = "gm"
    channel: Channel = None

    @property
    def tempo_bpm(self) -> float:
        return DEFAULT_BPM if self.bpm is None else self.bpm


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """How another player is heard and answered, as typed."""

    follow: Annotated[
        float, typer.Option("--follow", help="From our own groove (0) to that of the notes that come in (1).")
    ] = 0.0
    follow_energy: Annotated[
        bool, typer.Option("--follow-energy", help="Density and energy go by how much and how hard you play.")
    ] = False
    energy_range: Annotated[str, typer.Option("--energy-range", help="Between which ends they go.")] = "0.1-0.9"
    waits: Annotated[
        str, typer.Option("--waits", help="What we do in your silence and in your turn: hat, rest or play.")
    ] = "hat"
    trade: Annotated[int, typer.Option("--trade", help="Trade so many bars in turn, you first; 0: don't.")] = 0
    distance: Annotated[
        float, typer.Option("--distance", help="How far an answer in a trade strays from what you played.")
    ] = 0.3
    theirs: Annotated[str, typer.Option("--theirs", help="Voices that you play, so we don't: kick,snare.")] = ""
    complement: Annotated[
        bool, typer.Option("--complement", help="Leave out the voices that you are heard to play.")
    ] = False
    in_channel: Annotated[str, typer.Option("--in-channel", help="Listen to these MIDI channels only: 1,10.")] = ""
    in_notes: Annotated[str, typer.Option("--in-notes", help="Listen to these notes only.")] = "0-127"
    in_kind: Annotated[
        str, typer.Option("--in-kind", help="What comes in: drums, notes, or auto (drums on channel 10).")
    ] = "auto"
    in_kit: Annotated[str, typer.Option("--in-kit", help="The kit map of the drums that come in.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JamOptions:
    """What the player asked of the run itself."""

    backend: Annotated[str, typer.Option("--backend", help="auto, jack, rtmidi or none.")] = "auto"
    port_name: Annotated[str, typer.Option("--port-name", help="What other programs see.")] = "Ghostnote"
    in_port: Annotated[str, typer.Option("--in", help="A MIDI port to listen to.")] = ""
    in_ms: Annotated[
        float | None,
        typer.Option("--in-ms", help="How late your notes come in. [default: what was found for the port]"),
    ] = None
    sync: Annotated[str, typer.Option("--sync", help="Whose tempo: internal, or midi for the port's MIDI clock.")] = (
        "internal"
    )
    transport: Annotated[
        str, typer.Option("--transport", help="Whose start and stop: own or midi. [default: as --sync]")
    ] = ""
    lost_clock: Annotated[
        str, typer.Option("--lost-clock", help="A beat after the MIDI clock is lost: rest or go-on.")
    ] = "rest"
    send_clock: Annotated[bool, typer.Option("--send-clock", help="Lead others by MIDI clock.")] = False
    feedback: Annotated[
        bool, typer.Option("--feedback", help="Send learnt controllers back where their knobs are (motors, lights).")
    ] = False
    changes: Annotated[
        str, typer.Option("--changes", help="When a turned knob is heard: now, or at the next bar line (bar).")
    ] = "now"
    headless: Annotated[bool, typer.Option("--headless", help="No screen; plays until Ctrl-C.")] = False
    web: Annotated[bool, typer.Option("--web", help="Screens in browsers, at an address that is printed.")] = False
    web_host: Annotated[
        str, typer.Option("--web-host", help="Whom to serve: 127.0.0.1 this machine, 0.0.0.0 your network.")
    ] = "127.0.0.1"
    web_port: Annotated[int, typer.Option("--web-port", help="Where; 0: any port that is free.")] = 8765
    bars: Annotated[int | None, typer.Option("--bars", help="Stop by itself after so many bars.")] = None
    record: Annotated[
        Path | None, typer.Option("--record", help="Write what was played, and what came in, to a .mid file.")
    ] = None
    captures: Annotated[
        Path | None, typer.Option("--captures", help="Where captured bars go. [default: your music folder]")
    ] = None
    monitor: Annotated[
        bool | None,
        typer.Option("--monitor/--no-monitor", help="The built-in kit, live. [default: where there is no MIDI system]"),
    ] = None
    offset_ms: Annotated[
        float | None,
        typer.Option("--offset-ms", help="Send later (+) or earlier (-). [default: what was kept for the port]"),
    ] = None
    json: Json = False

    @property
    def follows_transport(self) -> bool:
        """Where it isn't said, the transport is the clock's."""
        return (self.transport or {"midi": "midi"}.get(self.sync, "own")) == "midi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offline:
    """What a render is asked for beside its music."""

    bars: Annotated[
        int | None, typer.Option("--bars", help="How many bars. [default: 8, or as many as --along's file has]")
    ] = None
    along: Annotated[
        Path | None, typer.Option("--along", help="A .mid to play along with: what a live jam would have heard.")
    ] = None
    soundfont: Annotated[Path | None, typer.Option("--soundfont", help="An SF2 file in place of the built-in kit.")] = (
        None
    )
    independent: Annotated[
        bool, typer.Option("--independent", help="Each bar from its own latent and conditions, for scoring.")
    ] = False


def takes(*groups: type) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """A command whose options are the fields of `groups`, beside its own; it is called with a value of each group, in
    their order, then with its own by name."""

    def wrap(command: Callable[..., int]) -> Callable[..., int]:
        own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.kind is p.KEYWORD_ONLY]
        parameters = [*own, *(_parameter(f, group) for group in groups for f in fields(group))]

        def called(**given: Any) -> int:
            values = [
                group(**{f.name: given.pop(f.name) for f in fields(group) if f.name in given}) for group in groups
            ]
            return command(*values, **given)

        called.__name__, called.__doc__ = command.__name__, command.__doc__
        called.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": int}
        called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return called

    return wrap


def _parameter(field: Field[Any], group: type) -> inspect.Parameter:
    hint = get_type_hints(group, include_extras=True)[field.name]
    default = inspect.Parameter.empty if field.default is MISSING else field.default
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)
