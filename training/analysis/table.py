"""The table of an analysis: one object for JSON, the same as Markdown."""

from __future__ import annotations

from typing import Any

from training.analysis.studied import Runs, StudiedRun
from training.analysis.verdict import Verdict, judge
from training.analysis.words import sentences
from training.runs import number

DECIMALS = {
    "bars": 0,
    "seconds": 1,
    "d_fixed": 3,
    "d_held_out": 3,
    "loss_d": 4,
    "loss_g": 4,
    "c2st": 3,
    "fd": 2,
    "kid": 2,
    "precision": 3,
    "recall": 3,
    "coverage": 3,
    "w1_velocity": 2,
    "w1_offset": 4,
    "density": 2,
    "backbeat": 3,
    "hands3": 2,
    "silent": 4,
}
"""The numbers that are listed, and to how many decimals."""

HEADS = {
    "bars": "bars seen",
    "d_fixed": "D, training",
    "d_held_out": "D, held-out",
    "loss_d": "loss D",
    "loss_g": "loss G",
    "c2st": "C2ST",
    "fd": "FD",
    "kid": "KID",
    "w1_velocity": "W1 velocity",
    "w1_offset": "W1 offset",
    "hands3": "three hands, %",
}


def table(runs: Runs) -> dict[str, Any]:
    return {"runs": [_entry(run) for run in runs]}


def _entry(run: StudiedRun) -> dict[str, Any]:
    verdict = judge(run)
    return {
        "name": run.name,
        "folder": str(run.folder),
        "recipe": run.recipe,
        "windows": run.windows,
        "epochs": len(run.rows),
        "recommended": _recommended(verdict),
        "words": sentences(run, verdict),
        "best": {key: {"epoch": epoch, key: _rounded(run, epoch, key)} for key, epoch in verdict.best.items()},
        "failed_gates": [{"epoch": epoch, "gates": list(gates)} for epoch, gates in verdict.gates.items()],
        "d_and_quality": [
            {
                "success": each.success,
                "score": each.score,
                "epochs": each.epochs,
                "rank_correlation": round(each.rank, 3),
            }
            for each in verdict.agreements
        ],
        "floor": {key: list(ends) for key, ends in run.floor.items()},
        "rows": [_row(row) for row in run.rows],
    }


def _recommended(verdict: Verdict) -> dict[str, Any] | None:
    choice = verdict.choice
    if choice is None:
        return None
    by = "c2st + fd / 20" if "c2st" in choice.by else "fd"
    return {
        "epoch": choice.epoch,
        "by": by,
        "among": choice.among,
        "passes_gates": choice.passed,
        "near": list(verdict.near),
    }


def _rounded(run: StudiedRun, epoch: int, key: str) -> float | int | None:
    return _round(key, run.at(key, epoch))


def _round(key: str, value: float | None) -> float | int | None:
    places = DECIMALS[key]
    return None if value is None else round(value, places) if places else round(value)


def _row(row: dict[str, Any]) -> dict[str, float | int]:
    found = {key: _round(key, number(row, key)) for key in DECIMALS}
    return {"epoch": row["epoch"], **{key: value for key, value in found.items() if value is not None}}


def markdown(table: dict[str, Any]) -> str:
    """What is recommended, then a table for each run; the recommended epoch is bold."""
    parts = ["# Over the epochs", "", "D's columns: the share of pairs, fakes of fixed noise, that D ranks rightly."]
    for run in table["runs"]:
        parts += ["", f"## {_plain(run['name'])}", ""]
        parts += [f"Recipe {_plain(run['recipe'])}, {run['windows']:,} training bars, {run['epochs']} epochs.", ""]
        parts += [f"- {_plain(sentence)}" for sentence in run["words"]]
        parts += ["", *_lines(run)]
    return "\n".join(parts) + "\n"


def _lines(run: dict[str, Any]) -> list[str]:
    keys = [key for key in DECIMALS if any(key in row for row in run["rows"])]
    chosen = run["recommended"]["epoch"] if run["recommended"] else None
    failed = {entry["epoch"]: ", ".join(entry["gates"]) for entry in run["failed_gates"]}
    heads = ["epoch", *(HEADS.get(key, key) for key in keys), *(["fails"] if failed else [])]
    lines = [_line(heads), _line(["---:"] * len(heads))]
    if run["floor"]:
        lines.append(
            _line(["real", *(_range(run["floor"].get(key), DECIMALS[key]) for key in keys), *[""] * bool(failed)])
        )
    for row in run["rows"]:
        epoch = f"**{row['epoch']}**" if row["epoch"] == chosen else str(row["epoch"])
        cells = [f"{row[key]:.{DECIMALS[key]}f}" if key in row else "" for key in keys]
        lines.append(_line([epoch, *cells, *([failed.get(row["epoch"], "")] if failed else [])]))
    return lines


def _range(ends: list[float] | None, places: int) -> str:
    return "" if ends is None else f"{ends[0]:.{places}f} to {ends[1]:.{places}f}"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    """A run's name is anybody's: its marks are not Markdown's."""
    return "".join(f"\\{mark}" if mark in "\\`*_[]<>#|" else mark for mark in text)
