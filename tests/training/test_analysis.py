"""What an analysis says of rows it never saw: the choice and its reasons, the table, two runs told apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.errors import DataError, UsageError
from tests.training.curves import FLOOR, made_up, studied, write_made_up
from training.analysis.report import analyze
from training.analysis.studied import load, short_names
from training.analysis.table import DECIMALS, markdown, table
from training.analysis.verdict import judge, rank_correlation
from training.analysis.words import sentences, spans
from training.runs import failed_gates

shares = st.floats(0, 1)
measured = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("d_fixed", "d_held_out", "c2st", "silent", "recall", "precision", "coverage"), shares),
        **{key: st.floats(-1, 1e4) for key in ("fd", "kid", "loss_d", "loss_g", "density")},
        "w1_offset": st.none() | st.just(float("nan")) | st.text(max_size=3),
    },
)
some_rows = st.lists(measured, min_size=1, max_size=12).map(
    lambda rows: [{"epoch": number, **row} for number, row in enumerate(rows, 1)]
)
floors = st.dictionaries(st.sampled_from(["c2st", "fd", "kid"]), st.just((0.5, 1.5)))


@settings(deadline=None)
@given(some_rows, floors)
def test_whatever_was_measured_there_are_words_and_a_table(
    rows: list[dict[str, Any]], floor: dict[str, tuple[float, float]]
) -> None:
    run = studied(rows, floor=floor)
    found = table([run])
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    (entry,) = found["runs"]
    assert entry["words"][0].startswith("run: ")
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in entry["words"])
    assert [row["epoch"] for row in entry["rows"]] == [row["epoch"] for row in rows]
    assert markdown(found).count("\n| ") >= len(rows) + 2


@settings(deadline=None)
@given(some_rows)
def test_an_epoch_is_recommended_by_what_it_has_and_past_the_gates_where_one_passes(rows: list[dict[str, Any]]) -> None:
    choice = judge(studied(rows)).choice
    if choice is None:
        assert not any("fd" in row for row in rows)
        return
    row = next(row for row in rows if row["epoch"] == choice.epoch)
    assert all(key in row for key in choice.by)
    assert ("c2st" in choice.by) == any("c2st" in row and "fd" in row for row in rows)
    assert choice.passed == (not failed_gates(row))


def test_the_words_say_which_epoch_by_what_and_what_else() -> None:
    rows = made_up(40)
    rows[29] |= {"c2st": 0.2, "fd": 0.1, "silent": 0.03}
    run = studied(rows, floor=FLOOR)
    verdict = judge(run)
    words = " ".join(sentences(run, verdict))
    assert words.startswith(
        "run: epoch 40, by the least C2ST + FD / 20 of the 7 epochs that have both and pass the gates."
    )
    assert "of 100 cases (real bars: 49 to 53)" in words
    assert "(real bars: 1.30 to 1.50)" in words
    assert "The best C2ST is epoch 30's (C2ST .20, FD 0.10), the best FD is epoch 30's" in words
    assert "Out by a gate: epoch 30 (over 2% of the bars silent)" in words
    assert "recall under 0.3" in words
    assert "D's success against training bars went from .6" in words
    assert "closely the same way" in words
    assert "D's success against held-out bars went from .8" in words
    assert "closely opposite ways" in words


def test_epochs_within_the_judge_s_error_are_named() -> None:
    rows = [{"epoch": n, "fd": 2.0, "c2st": c2st} for n, c2st in enumerate((0.7, 0.52, 0.5, 0.52, 0.6, 0.51), 1)]
    verdict = judge(studied(rows))
    assert (verdict.choice and verdict.choice.epoch, verdict.near) == (3, (2, 4, 6))
    assert "epochs 2 to 4, 6 score alike" in " ".join(sentences(studied(rows), verdict))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"epoch": 3}], "run: no epoch is recommended, since none has an FD to choose by."),
        (
            [{"epoch": 3, "fd": 2.0}],
            "run: epoch 3, by the least FD of the one epoch that has one and passes the gates; no epoch has a C2ST.",
        ),
        (
            [{"epoch": 3, "fd": 2.0, "c2st": 0.6, "recall": 0.1}],
            "run: epoch 3, by the least C2ST + FD / 20 of the one epoch that has both; no such epoch passes the gates.",
        ),
    ],
)
def test_little_is_said_of_little(rows: list[dict[str, Any]], words: str) -> None:
    run = studied(rows)
    assert sentences(run, judge(run))[0] == words


def test_too_few_epochs_or_a_constant_agree_with_nothing() -> None:
    rows = made_up(20)
    assert judge(studied(rows[:4])).agreements == ()
    assert {each.success for each in judge(studied(rows)).agreements} == {"d_fixed", "d_held_out"}
    assert {each.score for each in judge(studied(rows)).agreements} == {"fd"}
    flat = [row | {"d_fixed": 0.5} for row in rows]
    assert [each.success for each in judge(studied(flat)).agreements] == ["d_held_out"]


def test_rank_correlation_by_hand() -> None:
    x = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    assert rank_correlation(x, x**3) == pytest.approx(1)
    assert rank_correlation(x, -np.exp(x)) == pytest.approx(-1)
    assert rank_correlation(x, np.array([2.0, 1.0, 4.0, 3.0, 5.0])) == pytest.approx(0.8)
    assert rank_correlation(x, np.array([1.0, 1.0, 2.0, 2.0, 2.0])) == pytest.approx(0.866, abs=1e-3)
    assert rank_correlation(x, np.ones(5)) is None


def test_neighbours_are_put_together() -> None:
    assert spans([1, 2, 3, 8], range(1, 10)) == "1 to 3, 8"
    assert spans([5, 10, 20], [5, 10, 15, 20]) == "5 to 10, 20"


def test_names_are_as_long_as_it_takes() -> None:
    assert short_names([Path("/a/x/run"), Path("/a/y/run"), Path("/b/other")]) == ["x/run", "y/run", "other"]
    assert short_names([Path("/a/x/run"), Path("/b/x/run")]) == ["a/x/run", "b/x/run"]
    assert short_names([Path("/a/e\x1b[31m\nd")]) == ["e[31m d"]


def test_runs_are_read_with_floor_and_facts(tmp_path: Path) -> None:
    rows = made_up(3)
    paths = [write_made_up(tmp_path / "a" / "run", rows, FLOOR), write_made_up(tmp_path / "b" / "run", rows)]
    first, second = load(paths)
    assert (first.name, first.floor, first.windows, first.recipe) == ("a/run", FLOOR, 64, "bar")
    assert (second.name, second.floor, second.rows) == ("b/run", {}, rows)
    with pytest.raises(UsageError, match="is given twice"):
        load([paths[0], paths[0] / ".." / "run"])
    with pytest.raises(DataError, match="is no training run"):
        load([tmp_path])


def test_the_folder_holds_pictures_and_tables_and_nothing_half_written(tmp_path: Path) -> None:
    run = write_made_up(tmp_path / "run", made_up(12), FLOOR)
    report = analyze([run], tmp_path / "deep" / "out")
    out = tmp_path / "deep" / "out"
    pictures = [f"{name}.{kind}" for name in ("success", "losses", "metrics") for kind in ("png", "svg")]
    assert [path.name for path in report.written] == [*pictures, "table.json", "table.md"]
    assert sorted(out.iterdir()) == sorted(report.written)
    assert json.loads((out / "table.json").read_text()) == report.table


def test_the_table_is_rounded_and_the_recommended_epoch_bold(tmp_path: Path) -> None:
    run = studied(made_up(12), name="a|b_c", floor=FLOOR)
    found = table([run])
    rows = found["runs"][0]["rows"]
    assert list(rows[11]) == ["epoch", *DECIMALS]
    assert "c2st" not in rows[0]
    assert rows[3]["fd"] == round(run.rows[3]["fd"], 2)
    text = markdown(found)
    assert "\n## a\\|b\\_c\n" in text
    assert "\n| **12** | 768 | 18.0 | " in text
    assert "\n| real |  |  |  |  |  |  | 0.490 to 0.530 | 1.30 to 1.50 | " in text
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in lines}) == 1
