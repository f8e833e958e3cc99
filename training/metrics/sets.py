"""Bars as a set: successive ones as `jam` plays them at its defaults, against successive bars of drummers.

A window is K bars in a row, its bars' hit planes one after the other, so `Played` holds N windows as [N, K * H, V, T]
and the two-sample test compares cells across bars. `c2st_2`, `c2st_4`: that test on windows of two and four;
`relations_4`: boosted trees that see nothing but how the bars of a window differ, and not what they are. `next_bar`:
onsets in which a bar differs from the one before; `same_bar`: the share of bars that differ in none.

A net of single bars is asked as the player asks it: each bar strays from a home by the natural variation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from instrument.core import latent, phrases
from instrument.core.bar import Floats
from instrument.core.drums import VOICES
from training.examples import WindowExamples
from training.metrics.c2st import two_sample_test
from training.metrics.distances import Doubles
from training.metrics.played import Played, play, play_real
from training.metrics.sources import conditions_of, shuffled
from training.networks import CONDITIONS

LEARNT, TESTED = 4000, 1500
LENGTH = 4
LENGTHS = (2, LENGTH)
FEWEST = 64
"""Windows of each part, below which they are not scored."""

HELD = 4
"""Bars that the player holds a phrase by default."""

_CHUNK = 256


def set_scores(
    generator: Any, train: WindowExamples, tested: WindowExamples, styles: int, *, seed: int = 0
) -> dict[str, float]:
    """All scores of a generator with the latent's shape as `generator.shape`, asked under the conditions that windows
    of four hold. `train` and `tested` have windows of four."""
    learnt_rows, asked_rows = _halves(len(train))
    tested_rows = shuffled(len(tested))[:TESTED]
    sets = [
        real_windows(train, learnt_rows),
        made_windows(generator, train, asked_rows, styles, first_seed=10**6 * (1 + 2 * seed)),
        real_windows(tested, tested_rows),
        made_windows(generator, tested, tested_rows, styles, first_seed=10**6 * (2 + 2 * seed)),
    ]
    return compared(sets, train.length, seed=seed)


def enough(train: WindowExamples, tested: WindowExamples) -> bool:
    """Whether there are windows to judge by."""
    return min(len(train) // 2, len(tested)) >= FEWEST


def floor_scores(train: WindowExamples, tested: WindowExamples, *, seed: int = 0) -> dict[str, float]:
    """What other real windows score in the place of made ones."""
    learnt_rows, other_rows = _halves(len(train))
    half = len(other_rows) // 2
    sets = [
        real_windows(train, learnt_rows),
        real_windows(train, other_rows[:half]),
        real_windows(tested, shuffled(len(tested))[:TESTED]),
        real_windows(train, other_rows[half : half + TESTED]),
    ]
    return compared(sets, train.length, seed=seed)


def compared(sets: list[Played], bars: int, *, seed: int = 0) -> dict[str, float]:
    """Of windows [N, K * H, V, T]: real and made to learn from, real and made to be tested on."""
    scores = {}
    for length in LENGTHS:
        parts = [leading(windows, length, bars) for windows in sets]
        scores[f"c2st_{length}"] = two_sample_test(*parts, seed=seed)
    scores[f"relations_{bars}"] = relations_test(*(relations(windows, bars) for windows in sets), seed=seed)
    apart = hamming(sets[3], bars)
    return scores | {"next_bar": float(apart.mean()), "same_bar": float((apart == 0).mean())}


def real_windows(examples: WindowExamples, rows: Tensor) -> Played:
    """Windows as drummers played them."""
    bars = (examples.first[rows].unsqueeze(1) + torch.arange(examples.length)).flatten()
    return stacked(play_real(examples.bars.x(bars), VOICES, examples.bars.step_ticks), examples.length)


@torch.no_grad()
def made_windows(generator: Any, examples: WindowExamples, rows: Tensor, styles: int, *, first_seed: int) -> Played:
    """Windows as a player hears them: window n is `jam` with the seed `first_seed` + n under the condition of row n,
    from a bar of that row's place in its phrase on."""
    shape, count = generator.shape, examples.length
    style, condition = conditions_of(examples, rows, styles)
    starts = condition[:, CONDITIONS:].argmax(1) + count * (torch.arange(len(rows)) % 4)
    z, number = jam_latents(shape, starts.tolist(), count, first_seed)
    by_bar = condition[:, :CONDITIONS].repeat_interleave(count, 0)
    if getattr(shape, "phrase_dim", 0):
        by_bar = torch.cat([by_bar, torch.eye(shape.bars)[torch.from_numpy(number % shape.bars)]], 1)
    given = torch.from_numpy(z), style.repeat_interleave(count, 0), by_bar
    raw = [generator.forward_raw(*(value[k : k + _CHUNK] for value in given)) for k in range(0, len(z), _CHUNK)]
    onset, velocity, offset = (torch.cat(planes).numpy() for planes in zip(*raw, strict=True))
    return stacked(play(onset, velocity, offset, examples.bars.step_ticks), count)


def jam_latents(shape: Any, starts: list[int], count: int, first_seed: int) -> tuple[Floats, Any]:
    """z [N * count, latent_dim] of the bars from `starts[n]` on with the seed `first_seed` + n, and the number whose
    place each takes [N * count]."""
    z, numbers = [], []
    for n, start in enumerate(starts):
        seed = first_seed + n
        home = latent.draw(seed, "home", 0, shape.latent_dim)
        for index in range(start, start + count):
            if getattr(shape, "phrase_dim", 0):
                bar = phrases.sounding(seed, index, phrases.NATURAL)
                z.append(phrases.z_of(seed, bar, home, shape, phrases.NATURAL, HELD))
                numbers.append(phrases.place(seed, bar, phrases.NATURAL))
            else:
                z.append(latent.stray(home, latent.draw(seed, "bar", index, shape.latent_dim), phrases.NATURAL))
                numbers.append(index)
    return np.stack(z), np.array(numbers)


def stacked(bars: Played, length: int) -> Played:
    """N * K bars as N windows."""

    def windows(plane: Any) -> Any:
        return plane.reshape(-1, length * plane.shape[1], *plane.shape[2:])

    return Played(onset=windows(bars.onset), velocity=windows(bars.velocity), offset=windows(bars.offset))


def leading(windows: Played, length: int, bars: int) -> Played:
    """The first `length` bars of windows of `bars`."""
    planes = windows.onset.shape[1] // bars * length
    return Played(
        onset=windows.onset[:, :planes], velocity=windows.velocity[:, :planes], offset=windows.offset[:, :planes]
    )


def relations(windows: Played, bars: int) -> Doubles:
    """How the bars of each window differ, pair by pair: onsets by voice and quarter, and velocity and offset of the
    main hits that both have, [N, F]."""
    n, planes, voices, steps = windows.onset.shape
    main = slice(None, None, planes // bars)
    onset, planes_of = windows.onset[:, main], (windows.velocity[:, main], windows.offset[:, main])
    found = []
    for a in range(bars):
        for b in range(a + 1, bars):
            moved = (onset[:, a] != onset[:, b]).reshape(n, voices, 4, steps // 4).sum(3).reshape(n, -1)
            both = onset[:, a] & onset[:, b]
            shared = np.maximum(both.sum((1, 2)), 1)
            changes = [
                (np.abs(x[:, a] - x[:, b]) * both).sum((1, 2), keepdims=True)[:, 0] / shared[:, None] for x in planes_of
            ]
            found.append(np.concatenate([moved, *changes, shared[:, None]], 1))
    return np.concatenate(found, 1).astype(np.float64)


def relations_test(learnt: Doubles, made: Doubles, tested: Doubles, tested_made: Doubles, *, seed: int = 0) -> float:
    """Balanced accuracy of boosted trees on the test halves."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    judge = HistGradientBoostingClassifier(max_iter=100, random_state=seed)
    judge.fit(np.concatenate([learnt, made]), np.r_[np.ones(len(learnt)), np.zeros(len(made))])
    return float(judge.predict(tested).mean() + (1 - judge.predict(tested_made)).mean()) / 2


def hamming(windows: Played, bars: int) -> Doubles:
    """Onsets of main hits in which each bar differs from the one before, [N, K - 1]."""
    main = windows.onset[:, :: windows.onset.shape[1] // bars]
    return np.asarray((main[:, 1:] != main[:, :-1]).sum((2, 3)), np.float64)


def _halves(count: int) -> tuple[Tensor, Tensor]:
    """Rows of the real windows that are learnt from, and of others."""
    order = shuffled(count)
    half = min(LEARNT, count // 2)
    return order[:half], order[half : 2 * half]
