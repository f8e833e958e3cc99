"""Which programs the live tests talk to, and a headless performance as a player starts it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn

import pytest

OUT_PORT = "Ghostnote:out"
CLI = [sys.executable, "-c", "from instrument.cli import main; main()"]


def host(program: str, package: str) -> str:
    """The path of a program. Without it the test is skipped, or fails where GHOSTNOTE_LIVE=1 asks for all of them."""
    return shutil.which(program) or missing(f"{program} is not installed (apt install {package})")


def missing(reason: str) -> NoReturn:
    if os.environ.get("GHOSTNOTE_LIVE") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def surroundings(server: str) -> dict[str, str]:
    """The environment in which a JACK client finds the server of this name, and starts none."""
    return {**os.environ, "JACK_DEFAULT_SERVER": server, "JACK_NO_START_SERVER": "1"}


@contextmanager
def running(
    command: list[str], server: str, *, stdin: int = subprocess.DEVNULL, variables: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A program beside the test, with more environment variables, ended with the test at the latest."""
    process = subprocess.Popen(
        command,
        env={**surroundings(server), **(variables or {})},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def ask(process: subprocess.Popen[str], word: str) -> None:
    """Read what the program prints up to the line that is `word`."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if line.strip() == word:
            return
    pytest.fail(f"the program never said {word!r} but: {''.join(said)}")


def jam(*options: str) -> list[str]:
    """The command of a headless performance."""
    return [*CLI, "jam", "--headless", "--backend", "jack", *options]


def play(server: str, *options: str, timeout_s: float = 60.0) -> None:
    """A headless performance from start to end."""
    with running(jam(*options), server) as process:
        _, words = process.communicate(timeout=timeout_s)
        assert process.returncode == 0, words
