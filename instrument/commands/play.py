"""jam, render and listen: the commands that make music."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from instrument.commands.shared import (
    Accent,
    Bpm,
    Channel,
    Density,
    Energy,
    Epoch,
    FillEvery,
    Humanise,
    Json,
    Kit,
    Late,
    Mute,
    Preset,
    Quantise,
    Recall,
    Style,
    Swing,
    Variation,
    Velocity,
    check_bars,
    check_writable,
    say,
)
from instrument.errors import UsageError

if TYPE_CHECKING:
    from instrument.commands.wiring import Choice
    from instrument.core.events import Message
    from instrument.session.offline import Music

Out = Annotated[Path | None, typer.Option("--out", "-o", help="A .mid or .wav file.")]
Soundfont = Annotated[Path | None, typer.Option("--soundfont", help="An SF2 file in place of the built-in kit.")]


def jam(
    preset: Preset = "groove",
    epoch: Epoch = "best",
    bpm: Bpm = 120.0,
    seed: Annotated[int | None, typer.Option("--seed", help="The same seed plays the same bars.")] = None,
    style: Style = "",
    density: Density = 0.5,
    energy: Energy = 0.5,
    variation: Variation = 0.4,
    fill_every: FillEvery = 0,
    quantise: Quantise = 0.0,
    swing: Swing = 50.0,
    humanise: Humanise = 0.0,
    accent: Accent = 0.0,
    velocity: Velocity = "1-127",
    late: Late = "",
    mute: Mute = "",
    recall: Recall = "",
    kit: Kit = "gm",
    channel: Channel = None,
    backend: Annotated[str, typer.Option("--backend", help="auto, jack, rtmidi or none.")] = "auto",
    port_name: Annotated[str, typer.Option("--port-name", help="What other programs see.")] = "Ghostnote",
    in_port: Annotated[str, typer.Option("--in", help="A MIDI port to listen to.")] = "",
    sync: Annotated[str, typer.Option("--sync", help="Whose tempo: internal, or midi for the port's MIDI clock.")] = (
        "internal"
    ),
    transport: Annotated[
        str, typer.Option("--transport", help="Whose start and stop: own or midi. [default: as --sync]")
    ] = "",
    lost_clock: Annotated[
        str, typer.Option("--lost-clock", help="A beat after the MIDI clock is lost: rest or go-on.")
    ] = "rest",
    send_clock: Annotated[bool, typer.Option("--send-clock", help="Lead others by MIDI clock.")] = False,
    feedback: Annotated[
        bool, typer.Option("--feedback", help="Send learnt controllers back where their knobs are (motors, lights).")
    ] = False,
    changes: Annotated[
        str, typer.Option("--changes", help="When a turned knob is heard: now, or at the next bar line.")
    ] = "now",
    headless: Annotated[bool, typer.Option("--headless", help="No screen; plays until Ctrl-C.")] = False,
    bars: Annotated[int | None, typer.Option("--bars", help="Stop by itself after so many bars.")] = None,
    record: Annotated[Path | None, typer.Option("--record", help="Write what was played to a .mid file.")] = None,
    captures: Annotated[
        Path | None,
        typer.Option("--captures", help="Where captured bars go. [default: your music folder]"),
    ] = None,
    monitor: Annotated[
        bool | None,
        typer.Option("--monitor/--no-monitor", help="The built-in kit, live. [default: where there is no MIDI system]"),
    ] = None,
    offset_ms: Annotated[
        float | None,
        typer.Option("--offset-ms", help="Send later (+) or earlier (-). [default: what was kept for the port]"),
    ] = None,
    json: Json = False,
) -> int:
    """Play live: the engine and the terminal instrument."""
    from instrument.commands.jamming import JamOptions, run_jam
    from instrument.commands.wiring import Choice

    if bars is not None:
        check_bars(bars)
    if record is not None:
        check_writable(record)
    choice = Choice(
        preset=preset,
        epoch=epoch,
        bpm=bpm,
        seed=_drawn_seed() if seed is None else seed,
        style=style,
        density=density,
        energy=energy,
        variation=variation,
        fill_every=fill_every,
        quantise=quantise,
        swing=swing,
        humanise=humanise,
        accent=accent,
        velocity=velocity,
        late=late,
        mute=mute,
        recall=recall,
        kit=kit,
        channel=channel,
    )
    options = JamOptions(
        backend=backend,
        port_name=port_name,
        in_port=in_port,
        headless=headless,
        bars=bars,
        record=record,
        offset_ms=offset_ms,
        sync=sync,
        transport=transport,
        lost_clock=lost_clock,
        send_clock=send_clock,
        feedback=feedback,
        changes=changes,
        captures=captures,
        monitor=monitor,
        json=json,
    )
    return run_jam(choice, options)


def render(
    out: Out,
    bars: Annotated[int, typer.Option("--bars", help="How many bars.")] = 8,
    preset: Preset = "groove",
    epoch: Epoch = "best",
    bpm: Bpm = 120.0,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same bars.")] = 0,
    style: Style = "",
    density: Density = 0.5,
    energy: Energy = 0.5,
    variation: Variation = 0.4,
    fill_every: FillEvery = 0,
    quantise: Quantise = 0.0,
    swing: Swing = 50.0,
    humanise: Humanise = 0.0,
    accent: Accent = 0.0,
    velocity: Velocity = "1-127",
    late: Late = "",
    mute: Mute = "",
    recall: Recall = "",
    kit: Kit = "gm",
    channel: Channel = None,
    soundfont: Soundfont = None,
    independent: Annotated[
        bool, typer.Option("--independent", help="Each bar from its own latent and conditions, for scoring.")
    ] = False,
) -> int:
    """The same music offline, faster than real time, as .mid or .wav."""
    if out is None or out.suffix.lower() not in (".mid", ".wav"):
        raise UsageError(f"-o {out or ''} must name a .mid or .wav file")
    check_bars(bars)
    check_writable(out)
    music, choice = _offline(locals())
    if out.suffix.lower() == ".wav":
        _write_wav(out, music.messages, choice, bars, soundfont)
    else:
        from instrument.files import write_atomic

        write_atomic(out, music.file(bpm))
    say(f"{bars} bars, seed {seed}: {out}")
    return 0


def listen(
    bars: Annotated[int, typer.Option("--bars", help="How many bars.")] = 8,
    preset: Preset = "groove",
    epoch: Epoch = "best",
    bpm: Bpm = 120.0,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same bars.")] = 0,
    style: Style = "",
    density: Density = 0.5,
    energy: Energy = 0.5,
    variation: Variation = 0.4,
    fill_every: FillEvery = 0,
    quantise: Quantise = 0.0,
    swing: Swing = 50.0,
    humanise: Humanise = 0.0,
    accent: Accent = 0.0,
    velocity: Velocity = "1-127",
    late: Late = "",
    mute: Mute = "",
    recall: Recall = "",
    kit: Kit = "gm",
    channel: Channel = None,
    soundfont: Soundfont = None,
    independent: Annotated[bool, typer.Option("--independent", help="Each bar drawn anew.")] = False,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the WAV goes when there is no sound card.")] = Path(
        "ghostnote.wav"
    ),
) -> int:
    """Render and play through the sound card; without one, write a WAV."""
    from instrument.audio.preview import NoSoundError, play
    from instrument.errors import MissingExtraError

    check_bars(bars)
    music, choice = _offline(locals())
    sound = _sound(music.messages, choice, bars, soundfont)
    try:
        play(sound)
    except (NoSoundError, MissingExtraError) as error:
        from instrument.audio.wav import write_wav

        check_writable(out)
        write_wav(out, [sound])
        say(f"{error}; wrote {out} instead")
    return 0


def register(app: typer.Typer) -> None:
    for command in (jam, render, listen):
        app.command()(command)


def _drawn_seed() -> int:
    import secrets

    return secrets.randbelow(2**31)


def _offline(options: dict[str, object]) -> tuple[Music, Choice]:
    """A render from the command's own options."""
    from instrument.commands.wiring import Choice, set_up
    from instrument.session import offline

    choice = Choice(**{name: options[name] for name in Choice.__dataclass_fields__})  # type: ignore[arg-type]
    composer, knobs, only = set_up(choice)
    bars, independent = int(str(options["bars"])), bool(options["independent"])
    return offline.render(composer, knobs, bars, independent=independent, only=only), choice


def _sound(messages: list[Message], choice: Choice, bars: int, soundfont: Path | None):  # type: ignore[no-untyped-def]
    from instrument.audio.render import render as render_sound
    from instrument.audio.soundfont import render_soundfont
    from instrument.commands.wiring import kit_of

    if soundfont is not None:
        return render_soundfont(soundfont, messages, tempo_bpm=choice.bpm, bars=bars)
    return render_sound(messages, tempo_bpm=choice.bpm, bars=bars, kit_map=kit_of(choice))


def _write_wav(out: Path, messages: list[Message], choice: Choice, bars: int, soundfont: Path | None) -> None:
    from instrument.audio.wav import write_wav

    write_wav(out, [_sound(messages, choice, bars, soundfont)])
