"""The nearest bar that a net makes: a search from an encoder's answers, without the net's gradients.

A place is u = (z, fill, density, energy) under one style, that of the best of the starts; in a net of phrases z is the
phrase part, and what is each bar's own is 0. The cost of a bar is the onsets' cross-entropy, the squared differences of
velocity and offset where the wanted bar has a hit, and a little |z|^2, which keeps the place among those that the net
knows. Its outputs r(u) are smooth, so each round learns their slopes J from one batch of small steps, a column each,
and takes the Gauss-Newton step of the weighted squares, with as much damping as serves best (Levenberg 1944, Marquardt
1963): candidates under several dampings are one more batch. Broyden's update (1965) turns J along with each step, so
that another step is taken before the slopes are learnt anew. A fixed number of rounds: the same bar from the same
starts always gives the same place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from instrument.core.bar import Bar, Floats
from instrument.core.manifest import Conditions, ModelContract
from instrument.model.contract import Encoded, ManyBars

Doubles = npt.NDArray[np.float64]

HIT, VELOCITY, OFFSET, PRIOR = 1.5, 2.0, 2.0, 0.004
"""Weights in the cost, where a cell without a hit has 1. A hit is dearer, as more are missed than invented."""

LIKENESS = 20.0
"""What the start's likeness is worth in its cost: it tells better than the cost alone from where a search ends well."""

STEP = 0.02
"""How far the small steps go, in standard deviations of the latent."""

DAMPINGS = np.array([0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0])
"""Times the last round's best."""

FLATTEST = 0.005
"""The least weight of an onset: one that is sure, and wrong, must still be heard."""

SURE = 1e-6
"""Onset probabilities are taken within SURE and 1 - SURE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """`rounds` in which the slopes are learnt anew, `steps` that are taken by each."""

    rounds: int = 4
    steps: int = 2


def usual(contract: ModelContract) -> Effort:
    """What suits a net: one of phrases takes more than twice as long for a bar, and is as near in half the rounds."""
    return Effort(rounds=2) if contract.phrase_dim else Effort()


def _bounds(scales: Conditions) -> tuple[Doubles, Doubles]:
    """The least and largest fill, density and energy that the knobs can ask for, [3] each."""
    ends = [(0.0, 1.0), *((scale.quantiles[0], scale.quantiles[-1]) for scale in (scales.density, scales.energy))]
    low, high = np.array(ends).T
    return low, high


def nearest(
    model: ManyBars,
    bar: Bar,
    starts: Sequence[Encoded],
    scales: Conditions,
    effort: Effort | None = None,
) -> Encoded:
    """A place whose bar resembles `bar` at least as much as the best of the starts'. `scales`: the knobs', which bound
    density and energy. Raises ModelError where the net fails."""
    effort = effort or usual(model.contract)
    search = _Search(model, bar, starts, scales)
    for _ in range(effort.rounds):
        search.look_around()
        for _ in range(effort.steps):
            search.step()
    return search.found()


def bar_of(model: ManyBars, place: Encoded) -> Bar:
    """The bar at a place."""
    condition = np.array([[place.fill, place.density, place.energy]], np.float32)
    style = np.eye(len(model.contract.styles), dtype=np.float32)[place.style]
    onset, velocity, offset = model.raw_many(place.z[None], style[None], condition)
    return Bar.from_outputs(onset[0], velocity[0], offset[0])


def likeness(one: Bar, other: Bar) -> float:
    """F1 of their onsets, 1 for two silent bars."""
    both = float((one.onset * other.onset).sum())
    total = float(one.onset.sum() + other.onset.sum())
    return 2 * both / total if total else 1.0


class _Search:
    def __init__(self, model: ManyBars, bar: Bar, starts: Sequence[Encoded], scales: Conditions) -> None:
        self._model, self._styles = model, np.eye(len(model.contract.styles), dtype=np.float32)
        self._size, self._shape = model.contract.phrase_dim or model.contract.latent_dim, bar.onset.shape[1:]
        self._own = model.contract.latent_dim - self._size
        self._low, self._high = _bounds(scales)
        self._hit = bar.onset.ravel() > 0.5
        self._cells = self._hit.size
        self._dear = np.where(self._hit, HIT, 1.0)
        heard = [value.ravel()[self._hit] for value in (bar.velocity, bar.offset)]
        self._wanted = np.concatenate([self._hit, *heard]).astype(np.float64)
        self._scale = np.repeat([VELOCITY, OFFSET], int(self._hit.sum()))
        self._damping = 1.0
        self._begin(starts)

    def _begin(self, starts: Sequence[Encoded]) -> None:
        """At the start that promises most."""
        conditions = [[start.fill, start.density, start.energy] for start in starts]
        u = self._bounded(np.array([[*start.z[: self._size], *c] for start, c in zip(starts, conditions, strict=True)]))
        styles = np.array([start.style for start in starts])
        r = self._outputs(u, styles)
        costs, likenesses = self._costs(u, r), self._likenesses(r)
        best = int((costs - LIKENESS * likenesses).argmin())
        self._style = int(styles[best])
        self._u, self._r, self._cost = u[best], r[best], float(costs[best])
        self._place, self._best = self._u, (float(likenesses[best]), -self._cost)
        self._slopes: Doubles = np.zeros((len(self._r), len(self._u)))

    def look_around(self) -> None:
        """Learns J [outputs, u]."""
        steps = STEP * np.eye(len(self._u))
        self._slopes = (self._outputs(self._u + steps, self._style) - self._r).T / STEP

    def step(self) -> None:
        """To the best of the candidates, if it is better."""
        u = self._candidates()
        r = self._outputs(u, self._style)
        costs, likenesses = self._costs(u, r), self._likenesses(r)
        for row in range(len(u)):
            if (likenesses[row], -costs[row]) > self._best:
                self._best, self._place = (float(likenesses[row]), -float(costs[row])), u[row]
        best = int(costs.argmin())
        self._turn_slopes(u[best] - self._u, r[best] - self._r)
        if costs[best] < self._cost:
            self._u, self._r, self._cost = u[best], r[best], float(costs[best])
            self._damping = float(np.clip(self._damping * DAMPINGS[best], 1e-3, 1e2))
        else:
            self._damping = min(10 * self._damping, 1e3)

    def found(self) -> Encoded:
        z, (fill, density, energy) = self._place[: self._size], self._place[self._size :]
        return Encoded(
            z=self._whole(z.astype(np.float32)),
            style=self._style,
            fill=float(fill),
            density=float(density),
            energy=float(energy),
        )

    def _whole(self, z: Floats) -> Floats:
        """z [..., latent_dim] from what is searched."""
        return np.concatenate([z, np.zeros((*z.shape[:-1], self._own), np.float32)], -1)

    def _candidates(self) -> Doubles:
        """The Gauss-Newton steps from u under each damping, [n, u]."""
        prior = np.where(np.arange(len(self._u)) < self._size, 2 * PRIOR, 0.0)
        p = 1 / (1 + np.exp(-self._r[: self._cells]))
        weights = np.concatenate([self._dear * (p * (1 - p) + FLATTEST), 2 * self._scale])
        downhill = self._slopes.T @ self._misses() + prior * self._u
        curved = (self._slopes * weights[:, None]).T @ self._slopes + np.diag(prior)
        values, vectors = np.linalg.eigh(curved)
        along = vectors.T @ downhill
        dampings = self._damping * DAMPINGS
        steps = (vectors @ (along[:, None] / (np.maximum(values, 0)[:, None] + dampings))).T
        return self._bounded(self._u - steps)

    def _misses(self) -> Doubles:
        """The cost's slope by each output."""
        p = 1 / (1 + np.exp(-self._r[: self._cells]))
        given = np.concatenate([p, self._r[self._cells :]])
        misses: Doubles = (given - self._wanted) * np.concatenate([self._dear, 2 * self._scale])
        return misses

    def _turn_slopes(self, moved: Doubles, changed: Doubles) -> None:
        length = float(moved @ moved)
        if length > 0:
            self._slopes += np.outer(changed - self._slopes @ moved, moved / length)

    def _bounded(self, u: Doubles) -> Doubles:
        bounded = u.copy()
        bounded[..., self._size :] = np.clip(u[..., self._size :], self._low, self._high)
        return bounded

    def _outputs(self, u: Doubles, style: int | npt.NDArray[np.int64]) -> Doubles:
        """Onset logits of all cells, velocity and offset of the wanted hits, [n, outputs]; `style` one for all, or
        [n]."""
        given = u.astype(np.float32)
        styles = self._styles[np.broadcast_to(style, len(u))]
        z = self._whole(given[:, : self._size])
        onset, velocity, offset = self._model.raw_many(z, styles, given[:, self._size :])
        p = np.clip(onset.reshape(len(u), -1).astype(np.float64), SURE, 1 - SURE)
        heard = [value.reshape(len(u), -1)[:, self._hit].astype(np.float64) for value in (velocity, offset)]
        return np.concatenate([np.log(p / (1 - p)), *heard], 1)

    def _costs(self, u: Doubles, r: Doubles) -> Doubles:
        """[n]."""
        logits, wanted = r[:, : self._cells], self._wanted[: self._cells]
        onsets = (np.logaddexp(0, logits) - logits * wanted) @ self._dear
        heard = (self._scale * (r[:, self._cells :] - self._wanted[self._cells :]) ** 2).sum(1)
        costs: Doubles = onsets + heard + PRIOR * (u[:, : self._size] ** 2).sum(1)
        return costs

    def _likenesses(self, r: Doubles) -> Doubles:
        """F1 of the onsets, [n]; a second hit counts where there is a main one."""
        sounding = np.logical_and.accumulate(r[:, : self._cells].reshape(len(r), -1, *self._shape) > 0, axis=1)
        sounding = sounding.reshape(len(r), -1)
        both = (sounding & self._hit).sum(1)
        total = sounding.sum(1) + self._hit.sum()
        shares: Doubles = np.where(total > 0, 2 * both / np.maximum(total, 1), 1.0)
        return shares
