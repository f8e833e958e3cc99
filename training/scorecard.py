"""An evaluation as data and as a table for people."""

from __future__ import annotations

from typing import Any

from training.evaluate import Evaluation

SHOWN = {
    "c2st": "told from drummers' bars (.5: never)",
    "c2on": "the same, onsets alone",
    "c2lr": "the same, by rhythm features",
    "fd": "distance of rhythm features",
    "kid": "kernel distance x 100",
    "mmd": "RBF distance x 100",
    "precision": "share that lies among real bars",
    "recall": "share of real bars that it reaches",
    "coverage": "share of real bars with one near",
    "oa": "overlap of features (1: all)",
    "kl": "divergence of features",
    "rate_err": "rates by voice",
    "map_err": "rates by voice and step",
    "w1_density": "hits a bar",
    "w1_velocity": "velocity, MIDI units",
    "w1_offset": "microtiming, steps",
    "nn_mean": "onsets to the nearest training bar",
    "nn0": "share of copies",
    "variety": "onsets between two bars",
    "silent": "share of silent bars",
    "hands3": "% of steps for three hands",
    "density": "hits a bar, mean",
    "flams": "% of hits with another just after",
    "c2st_2": "two bars told from drummers'",
    "c2st_4": "four bars told from drummers'",
    "relations_4": "the same, by how they differ alone",
    "next_bar": "onsets that the next bar changes",
    "same_bar": "share of bars played again",
    "unique": "share of z with a bar of their own",
    "slerp_p99": "onsets a small step changes at most",
    "slerp_heard": "share of small steps that are heard",
    "density_rank": "knob and hits, rank correlation",
    "energy_rank": "knob and loudness, the same",
    "fill_rank": "knob and tom hits, the same",
    "tap_recall": "share of a tap that is kept",
    "tap_precision": "share of it that was tapped",
}


def as_object(found: Evaluation) -> dict[str, Any]:
    """For --json."""

    def rounded(scores: dict[str, float]) -> dict[str, float]:
        return {name: round(value, 6) for name, value in scores.items()}

    return {
        "scored": found.scored,
        "split": found.split,
        "bars": found.bars,
        "scores": rounded(found.scores),
        "floor": rounded(found.floor),
        "ceilings": {name: rounded(scores) for name, scores in found.ceilings.items()},
    }


def as_table(found: Evaluation) -> str:
    """A line a score: what was scored, the floor, the ceilings, and what it means."""
    columns = {"scored": found.scores, "real": found.floor, **found.ceilings}
    lines = [f"{'':11}" + "".join(f"{name:>11}" for name in columns)]
    for score, words in SHOWN.items():
        if score not in found.scores:
            continue
        numbers = "".join(f"{scores[score]:>11.3f}" if score in scores else " " * 11 for scores in columns.values())
        lines.append(f"{score:11}{numbers}  {words}")
    low, high = found.scores["c2st_low"], found.scores["c2st_high"]
    lines.append(f"\nc2st and c2on are means of three seeds (c2st {low:.3f} to {high:.3f}), ceilings of one.")
    return "\n".join(lines)
