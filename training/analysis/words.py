"""A verdict in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from training.analysis.studied import StudiedRun
from training.analysis.verdict import JUDGE_ERROR, Agreement, Verdict
from training.runs import RECALL_LEAST, SILENT_MOST

NAMES = {"c2st": "C2ST", "fd": "FD"}
SIDES = {"d_fixed": "training bars", "d_held_out": "held-out bars"}
REASONS = {"silent": f"over {SILENT_MOST:.0%} of the bars silent", "recall": f"recall under {RECALL_LEAST:g}"}


def sentences(run: StudiedRun, verdict: Verdict) -> list[str]:
    """The recommendation first, then why, then what else a chooser should know."""
    told = [_recommendation(run, verdict)]
    if verdict.choice:
        told += [_why(run, verdict.choice.epoch), _near(run, verdict), _last(run, verdict.choice.epoch)]
    told += [_best(run, verdict), _gates(run, verdict), *(_agreement(run, each) for each in verdict.agreements)]
    return [sentence for sentence in told if sentence]


def share(value: float) -> str:
    return f"{value:.2f}".removeprefix("0")


def spans(epochs: Sequence[int], among: Sequence[int]) -> str:
    """`epochs` in words, neighbours in `among` put together: "1 to 3, 8"."""
    places = {epoch: place for place, epoch in enumerate(among)}
    groups: list[list[int]] = []
    for epoch in epochs:
        if groups and places[epoch] == places[groups[-1][-1]] + 1:
            groups[-1].append(epoch)
        else:
            groups.append([epoch])
    return ", ".join(str(group[0]) if len(group) == 1 else f"{group[0]} to {group[-1]}" for group in groups)


def _recommendation(run: StudiedRun, verdict: Verdict) -> str:
    choice = verdict.choice
    if choice is None:
        return f"{run.name}: no epoch is recommended, since none has an FD to choose by."
    by, what = ("C2ST + FD / 20", "both") if "c2st" in choice.by else ("FD", "one")
    one = choice.among == 1
    of = f"the {'one epoch' if one else f'{choice.among} epochs'} that {'has' if one else 'have'} {what}"
    passing = f" and {'passes' if one else 'pass'} the gates" if choice.passed else "; no such epoch passes the gates"
    untested = "" if "c2st" in choice.by else "; no epoch has a C2ST"
    return f"{run.name}: epoch {choice.epoch}, by the least {by} of {of}{passing}{untested}."


def _why(run: StudiedRun, epoch: int) -> str:
    told, fd, recall = (run.at(key, epoch) for key in ("c2st", "fd", "recall"))
    parts = []
    if told is not None:
        low, high = (f"{100 * end:.0f}" for end in run.floor.get("c2st", (0.5, 0.5)))
        real = f"real bars: {low} to {high}" if "c2st" in run.floor else "50: cannot be told"
        parts.append(f"Its bars are told from drummers' in {100 * told:.0f} of 100 cases ({real})")
    if fd is not None:
        low, high = (f"{end:.2f}" for end in run.floor.get("fd", (0, 0)))
        real = f" (real bars: {low} to {high})" if "fd" in run.floor else ""
        parts.append(f"{'FD' if parts else 'Its FD is'} {fd:.2f}{real}")
    if recall is not None:
        parts.append(f"recall {share(recall)}")
    return ", ".join(parts) + "."


def _near(run: StudiedRun, verdict: Verdict) -> str:
    if not verdict.near or not verdict.choice:
        return ""
    scored = [int(epoch) for epoch in run.series("c2st")[0]]
    group = sorted((*verdict.near, verdict.choice.epoch))
    return f"The C2ST is good to about {share(JUDGE_ERROR)}, so that epochs {spans(group, scored)} score alike."


def _last(run: StudiedRun, epoch: int) -> str:
    last = run.epochs[-1]
    scores = _scores(run, last)
    return f"The last epoch, {last}: {scores}." if scores and last != epoch else ""


def _scores(run: StudiedRun, epoch: int) -> str:
    c2st, fd = run.at("c2st", epoch), run.at("fd", epoch)
    return ", ".join(
        text for text in ("" if c2st is None else f"C2ST {share(c2st)}", "" if fd is None else f"FD {fd:.2f}") if text
    )


def _best(run: StudiedRun, verdict: Verdict) -> str:
    parts = [f"the best {NAMES[key]} is epoch {epoch}'s ({_scores(run, epoch)})" for key, epoch in verdict.best.items()]
    text = ", ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _gates(run: StudiedRun, verdict: Verdict) -> str:
    parts = []
    for gate, reason in REASONS.items():
        failing = [epoch for epoch, gates in verdict.gates.items() if gate in gates]
        if failing:
            parts.append(f"{_epochs(failing, run.epochs)} ({reason})")
    measured = any(run.at(gate, epoch) is not None for gate in REASONS for epoch in run.epochs)
    if not parts:
        return "All epochs pass the gates." if measured else ""
    return f"Out by a gate: {'; '.join(parts)}."


def _epochs(epochs: Sequence[int], among: Sequence[int]) -> str:
    return f"epoch{'s' * (len(epochs) > 1)} {spans(epochs, among)}"


def _agreement(run: StudiedRun, found: Agreement) -> str:
    values = run.series(found.success)[1]
    path = f"D's success against {SIDES[found.success]} went from {share(values[0])} to {share(values[-1])}"
    what = f"rank correlation {found.rank:+.2f} over {found.epochs} epochs"
    quality = f"quality by {NAMES[found.score]}"
    if abs(found.rank) < 0.3:
        return f"{path} and had little to do with {quality} ({what}): it says nothing about the bars."
    firmly = "closely" if abs(found.rank) >= 0.7 else "loosely"
    if found.rank > 0:
        return (
            f"{path}; it and {quality} went {firmly} the same way ({what}): D told the better bars more often, "
            "so its success is no sign of bad ones."
        )
    return f"{path}; it and {quality} went {firmly} opposite ways ({what}): D told the better bars less often."
