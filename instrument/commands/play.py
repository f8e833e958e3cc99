"""jam, render and listen: the commands that make music."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from instrument.commands.options import Choice, Company, JamOptions, Offline, takes
from instrument.commands.shared import check_bars, check_writable, say
from instrument.errors import UsageError

if TYPE_CHECKING:
    from instrument.core.events import Message
    from instrument.session.offline import Music

OFFLINE_BARS = 8


@takes(Choice, Company, JamOptions)
def jam(choice: Choice, company: Company, options: JamOptions) -> int:
    """Play live: the engine and the terminal instrument."""
    from instrument.commands.jamming import run_jam

    if options.bars is not None:
        check_bars(options.bars)
    if options.record is not None:
        check_writable(options.record)
    return run_jam(replace(choice, seed=_drawn_seed() if choice.seed is None else choice.seed), company, options)


@takes(Choice, Company, Offline)
def render(
    choice: Choice,
    company: Company,
    offline: Offline,
    *,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A .mid or .wav file.")],
) -> int:
    """The same music offline, faster than real time, as .mid or .wav."""
    if out is None or out.suffix.lower() not in (".mid", ".wav"):
        raise UsageError(f"-o {out or ''} must name a .mid or .wav file")
    check_writable(out)
    music, choice = _offline(choice, company, offline)
    if out.suffix.lower() == ".wav":
        from instrument.audio.wav import write_wav

        write_wav(out, [_sound(music.messages, choice, music.bars, offline.soundfont)])
    else:
        from instrument.files import write_atomic

        write_atomic(out, music.file(choice.tempo_bpm))
    say(f"{music.bars} bars, seed {choice.seed}: {out}")
    return 0


@takes(Choice, Company, Offline)
def listen(
    choice: Choice,
    company: Company,
    offline: Offline,
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the WAV goes when there is no sound card.")] = Path(
        "ghostnote.wav"
    ),
) -> int:
    """Render and play through the sound card; without one, write a WAV."""
    from instrument.audio.preview import NoSoundError, play
    from instrument.errors import MissingExtraError

    music, choice = _offline(choice, company, offline)
    sound = _sound(music.messages, choice, music.bars, offline.soundfont)
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


def _offline(choice: Choice, company: Company, offline: Offline) -> tuple[Music, Choice]:
    """The music, and the choice with what the file that is played along with has decided."""
    from instrument.commands.wiring import hearing_of, set_up
    from instrument.ports.smf import read_played
    from instrument.session.offline import heard_from, render

    choice = replace(choice, seed=choice.seed or 0)
    bars, along = OFFLINE_BARS if offline.bars is None else offline.bars, None
    if offline.along is not None:
        if offline.independent:
            raise UsageError("--independent bars are drawn each for itself: they can't be played --along")
        played = read_played(offline.along)
        along = heard_from(played, hearing_of(company))
        bars = played.bars if offline.bars is None else bars
        choice = replace(choice, bpm=round(played.tempo_bpm, 6) if choice.bpm is None else choice.bpm)
    check_bars(bars)
    composer, knobs, only = set_up(choice, company)
    return render(composer, knobs, bars, independent=offline.independent, only=only, along=along), choice


def _sound(messages: list[Message], choice: Choice, bars: int, soundfont: Path | None):  # type: ignore[no-untyped-def]
    from instrument.audio.render import render as render_sound
    from instrument.audio.soundfont import render_soundfont
    from instrument.commands.wiring import kit_of

    if soundfont is not None:
        return render_soundfont(soundfont, messages, tempo_bpm=choice.tempo_bpm, bars=bars)
    return render_sound(messages, tempo_bpm=choice.tempo_bpm, bars=bars, kit_map=kit_of(choice))
