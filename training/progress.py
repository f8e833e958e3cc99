"""How a training shows itself: on stderr, as a bar with the time left where someone watches, as lines where not."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Reporter(Protocol):
    """What a training tells as it goes. All calls come from the training's own thread."""

    def reading(self, done: int, files: int) -> None: ...

    def training(self, done: int, steps: int) -> None: ...

    def epoch(self, row: dict[str, Any], epochs: int) -> None: ...

    def note(self, text: str) -> None: ...


class SilentReporter:
    """Says nothing, and keeps what it was told for whoever asks later."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def reading(self, done: int, files: int) -> None:
        pass

    def training(self, done: int, steps: int) -> None:
        pass

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        pass

    def note(self, text: str) -> None:
        self.notes.append(text)


class ConsoleReporter:
    """A context manager. The bar is drawn only on a terminal; epochs and notes are lines on either."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(file=sys.stderr, highlight=False, markup=False)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> ConsoleReporter:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def reading(self, done: int, files: int) -> None:
        self._show("reading files", done, files)

    def training(self, done: int, steps: int) -> None:
        self._show("training, steps", done, steps)

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        scores = "  ".join(f"{name} {row[name]:.3f}" for name in ("fd", "kid", "recall", "c2st") if name in row)
        line = f"epoch {row['epoch']} of {epochs}  {row['seconds']:.0f} s  D success {row['d_success']:.2f}  {scores}"
        self.note(line.rstrip())

    def note(self, text: str) -> None:
        self._console.print(text, soft_wrap=True)

    def _show(self, name: str, done: int, total: int) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=total, completed=done)
        self._progress.update(self._tasks[name], completed=done, total=total)
