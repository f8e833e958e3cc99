"""The command line: parses, wires, prints. Everything heavy is imported inside the command that needs it.

stdout is data, stderr is words. Every error a person can mend becomes one line and an exit code here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from instrument.commands import data as data_commands
from instrument.commands import devices as device_commands
from instrument.commands import learn as learn_commands
from instrument.commands import play as play_commands
from instrument.commands import study as study_commands
from instrument.commands.shared import version
from instrument.errors import GhostnoteError

app = typer.Typer(
    name="ghostnote",
    help="A live drum machine that a neural net drives. Alone, it opens the instrument: `ghostnote jam`.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ghostnote {version()}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def ghostnote(
    context: typer.Context,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        play_commands.jam()


for commands in (play_commands, learn_commands, study_commands, data_commands, device_commands):
    commands.register(app)


def main(arguments: list[str] | None = None) -> None:
    """The console script's entry."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        code: Any = app(_with_command(words), standalone_mode=False)
    except GhostnoteError as error:
        code = _tell(str(error), error.exit_code, getattr(error, "__notes__", ()))
    except KeyboardInterrupt:
        code = 130
    except Exception as error:
        code = _usage(error)
    sys.exit(code if isinstance(code, int) else 0)


def _with_command(words: list[str]) -> list[str]:
    """Options alone are those of `jam`."""
    own = ("-h", "--help", "--version", "--install-completion", "--show-completion")
    return ["jam", *words] if words and words[0].startswith("-") and words[0] not in own else words


def _usage(error: Exception) -> int:
    """What typer says of wrong words, in our form; anything else is a fault of ours and keeps its traceback."""
    if isinstance(error, typer.Abort):
        return 130
    words, code = getattr(error, "format_message", None), getattr(error, "exit_code", None)
    if words is None or code is None:
        raise error
    return _tell(words(), code)


def _tell(message: str, code: int, notes: Iterable[str] = ()) -> int:
    from instrument.text import printable

    for note in notes:
        print(printable(note), file=sys.stderr)
    print(f"ghostnote: {printable(message)}", file=sys.stderr)
    return code
