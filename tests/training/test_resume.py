"""A training that is stopped, however and wherever, and resumed leaves what one that was never stopped leaves."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from instrument.errors import DataError, UsageError
from tests.training.midi import write_folder
from tests.training.tiny import EPOCHS, STEPS, tiny_recipe, train
from training.checkpoint import KEPT, checkpoints, load_checkpoint
from training.interrupt import StopSwitch, stop_on_signals
from training.progress import SilentReporter
from training.runs import read_stats


class Killed(BaseException):
    """What a process that is gone at once looks like from inside."""


class At(SilentReporter):
    """Calls `act` once, after step `step` of the training or after the scores of epoch `epoch`."""

    def __init__(self, act: Callable[[], object], *, step: int = 0, epoch: int = 0) -> None:
        super().__init__()
        self._act, self._step, self._epoch = act, step, epoch

    def training(self, done: int, steps: int) -> None:
        if done == self._step:
            self._act()

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        if row["epoch"] == self._epoch:
            self._act()


class Clock:
    """A minute passes at each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 60
        return self.now


def kill() -> None:
    raise Killed


def left_behind(run: Path) -> dict[str, object]:
    """Snapshots and samples as bytes, the statistics without what the clock said."""
    found: dict[str, object] = {
        path.name: path.read_bytes() for folder in ("snapshots", "samples") for path in (run / folder).iterdir()
    }
    rows = [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]
    return found | {"stats": [{key: row[key] for key in row if key != "seconds"} for row in rows]}


def everything(run: Path) -> dict[str, bytes]:
    return {str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("data") / "groove")


@pytest.fixture(scope="module")
def straight(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a training leaves that nothing stopped."""
    run = tmp_path_factory.mktemp("straight") / "run"
    assert train(data, run).epochs == EPOCHS
    return left_behind(run)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return tmp_path / "run"


def finish(data: Path, run: Path) -> dict[str, object]:
    result = train(data, run, resume=True)
    assert (result.epochs, result.interrupted) == (EPOCHS, False)
    return left_behind(run)


@pytest.mark.parametrize("step", [1, STEPS - 1, STEPS, 2 * STEPS, 2 * STEPS + 3, EPOCHS * STEPS])
def test_a_stop_after_any_step_changes_nothing(step: int, data: Path, run: Path, straight: dict[str, object]) -> None:
    stop = StopSwitch()
    result = train(data, run, stop=stop, reporter=At(stop.set, step=step))
    assert result.interrupted == (step < EPOCHS * STEPS)
    assert result.epochs == step // STEPS == len(read_stats(run))
    assert load_checkpoint(run)["gan"]["step"] == step
    assert finish(data, run) == straight


def test_a_stop_between_two_epochs_changes_nothing(data: Path, run: Path, straight: dict[str, object]) -> None:
    stop = StopSwitch()
    assert train(data, run, stop=stop, reporter=At(stop.set, epoch=2)).epochs == 2
    assert finish(data, run) == straight


def test_a_training_that_is_stopped_again_and_again_changes_nothing(
    data: Path, run: Path, straight: dict[str, object]
) -> None:
    for step in range(5, EPOCHS * STEPS, 5):
        stop = StopSwitch()
        resume = step > 5
        assert train(data, run, stop=stop, resume=resume, reporter=At(stop.set, step=step)).interrupted
    assert finish(data, run) == straight


def test_ctrl_c_saves_and_gives_the_handlers_back(data: Path, run: Path, straight: dict[str, object]) -> None:
    before = signal.getsignal(signal.SIGINT)
    result = train(data, run, reporter=At(lambda: signal.raise_signal(signal.SIGINT), step=STEPS + 2))
    assert result.interrupted
    assert signal.getsignal(signal.SIGINT) is before
    assert finish(data, run) == straight


def test_the_first_ctrl_c_asks_and_the_second_insists() -> None:
    switch = StopSwitch()
    with stop_on_signals(switch):
        signal.raise_signal(signal.SIGTERM)
        assert switch()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("step", [1, STEPS, 2 * STEPS + 1, 3 * STEPS])
def test_a_kill_costs_at_most_what_was_not_saved(step: int, data: Path, run: Path, straight: dict[str, object]) -> None:
    with pytest.raises(Killed):
        train(data, run, reporter=At(kill, step=step))
    assert finish(data, run) == straight


def test_a_time_limit_ends_at_an_epoch_and_keeps_the_schedule_of_all(
    data: Path, run: Path, straight: dict[str, object]
) -> None:
    assert train(data, run, minutes=0.01, clock=Clock()).epochs == 1
    longer = train(data, run, resume=True, minutes=8, clock=Clock())
    assert 1 < longer.epochs < EPOCHS
    assert not longer.interrupted
    assert finish(data, run) == straight


def test_a_damaged_checkpoint_gives_way_to_the_one_before(data: Path, run: Path, straight: dict[str, object]) -> None:
    stop = StopSwitch()
    train(data, run, stop=stop, reporter=At(stop.set, epoch=3))
    assert len(checkpoints(run)) == KEPT
    newest = checkpoints(run)[-1]
    newest.write_bytes(newest.read_bytes()[:-100])
    assert load_checkpoint(run)["epoch"] == 2
    reporter = SilentReporter()
    train(data, run, resume=True, reporter=reporter)
    told = [note for note in reporter.notes if "step" in note]
    assert len(told) == 1
    assert str(newest) in told[0]
    assert told[0].endswith(f"; going on from step {2 * STEPS}")
    assert "\n" not in told[0]
    assert left_behind(run) == straight


def test_with_no_whole_checkpoint_the_file_is_named_and_nothing_is_lost(data: Path, run: Path) -> None:
    train(data, run, epochs=2)
    for path in checkpoints(run):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    before = everything(run)
    with pytest.raises(DataError) as error:
        train(data, run, resume=True)
    assert str(checkpoints(run)[-1]) in str(error.value)
    assert "\n" not in str(error.value)
    assert everything(run) == before


def test_a_run_resumes_only_on_its_own_data_and_nets(data: Path, run: Path, tmp_path: Path) -> None:
    train(data, run, epochs=1)
    before = everything(run)
    other = write_folder(tmp_path / "other", bars=11)
    with pytest.raises(DataError, match="was trained on other data"):
        train(other, run, resume=True)
    with pytest.raises(UsageError, match='another "network"'):
        train(data, run, resume=True, recipe=tiny_recipe("latent_dim=7"))
    with pytest.raises(DataError, match="no training run"):
        train(data, tmp_path / "nothing", resume=True)
    assert everything(run) == before


def test_a_finished_run_may_go_on_for_longer(data: Path, run: Path) -> None:
    train(data, run, epochs=2)
    first = left_behind(run)
    result = train(data, run, resume=True, epochs=3)
    assert result.epochs == 3
    after = left_behind(run)
    assert {name: after[name] for name in first if name != "stats"} == {n: v for n, v in first.items() if n != "stats"}
    assert [row["epoch"] for row in read_stats(run)] == [1, 2, 3]
