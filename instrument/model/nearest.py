"""The nearest bar that a net makes: a search from an encoder's answer, without the net's gradients.

A place is u = (z, fill, density, energy) under one style. The cost of a bar is the onsets' cross-entropy, the squared
differences of velocity and offset where the wanted bar has a hit, and a little |z|^2, which keeps the place among those
that the net knows. Its outputs r(u) are smooth, so each round learns their slopes J from one batch of small steps, a
column each, and takes the Gauss-Newton step of the weighted squares, with as much damping as serves best (Levenberg
1944, Marquardt 1963): candidates under several dampings are one more batch. Broyden's update (1965) turns J along with
each step, so that a few more steps are taken before the slopes are learnt anew. A fixed number of rounds: the same bar
from the same start always gives the same place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from instrument.core.bar import Bar
from instrument.core.manifest import Conditions
from instrument.model.contract import Encoded, ManyBars

Doubles = npt.NDArray[np.float64]

VELOCITY, OFFSET, PRIOR = 8.0, 8.0, 0.005
"""Weights in the cost, beside the onsets' cross-entropy."""

STEP = 0.02
"""How far the small steps go, in standard deviations of the latent."""

DAMPINGS = np.array([0.03, 0.1, 0.3, 1.0, 3.0, 10.0])
"""Times the last round's best."""

FLATTEST = 0.02
"""The least weight of an onset: one that is sure, and wrong, must still be heard."""

SURE = 1e-6
"""Onset probabilities are taken within SURE and 1 - SURE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """`rounds` in which the slopes are learnt anew, `steps` that are taken by each."""

    rounds: int = 4
    steps: int = 2


def named_style(encoded: Encoded) -> Encoded:
    """The same under its likeliest style alone, as a player can name one."""
    return replace(encoded, style=np.eye(len(encoded.style), dtype=np.float32)[int(encoded.style.argmax())])


def bounds_of(scales: Conditions) -> tuple[Doubles, Doubles]:
    """The least and largest fill, density and energy that the knobs can ask for, [3] each."""
    ends = [(0.0, 1.0), *((scale.quantiles[0], scale.quantiles[-1]) for scale in (scales.density, scales.energy))]
    low, high = np.array(ends).T
    return low, high


def nearest(
    model: ManyBars, bar: Bar, start: Encoded, bounds: tuple[Doubles, Doubles], effort: Effort | None = None
) -> Encoded:
    """A place whose bar resembles `bar` more than the start's, or the start. `bounds`: the least and largest fill,
    density and energy, [3] each. Raises ModelError where the net fails."""
    effort = effort or Effort()
    search = _Search(model, bar, start, bounds)
    for _ in range(effort.rounds):
        search.look_around()
        for _ in range(effort.steps):
            search.step()
    return search.found()


def bar_of(model: ManyBars, place: Encoded) -> Bar:
    """The bar at a place."""
    condition = np.array([[place.fill, place.density, place.energy]], np.float32)
    onset, velocity, offset = model.raw_many(place.z[None], place.style[None], condition)
    return Bar.from_outputs(onset[0], velocity[0], offset[0])


def likeness(one: Bar, other: Bar) -> float:
    """F1 of their onsets, 1 for two silent bars."""
    both = float((one.onset * other.onset).sum())
    total = float(one.onset.sum() + other.onset.sum())
    return 2 * both / total if total else 1.0


class _Search:
    def __init__(self, model: ManyBars, bar: Bar, start: Encoded, bounds: tuple[Doubles, Doubles]) -> None:
        self._model, self._style, self._size = model, start.style, len(start.z)
        self._low, self._high = bounds
        self._shape = bar.onset.shape[1:]
        self._hit = bar.onset.ravel() > 0.5
        self._wanted = np.concatenate(
            [self._hit.astype(np.float64), bar.velocity.ravel()[self._hit], bar.offset.ravel()[self._hit]]
        )
        self._cells = self._hit.size
        self._scale = np.repeat([VELOCITY, OFFSET], int(self._hit.sum()))
        self._damping = 1.0
        u = np.concatenate([start.z, [start.fill, start.density, start.energy]]).astype(np.float64)
        self._u = self._bounded(u)
        self._r = self._outputs(self._u[None])[0]
        self._cost = self._costs(self._u[None], self._r[None])[0]
        self._slopes: Doubles = np.zeros((len(self._r), len(self._u)))
        self._best = (self._likenesses(self._r[None])[0], -self._cost)
        self._place = self._u

    def look_around(self) -> None:
        """Learns J [outputs, u]."""
        steps = STEP * np.eye(len(self._u))
        self._slopes = (self._outputs(self._u + steps) - self._r).T / STEP

    def step(self) -> None:
        """To the best of the candidates, if it is better."""
        u = self._candidates()
        r = self._outputs(u)
        costs, likenesses = self._costs(u, r), self._likenesses(r)
        for row in range(len(u)):
            if (likenesses[row], -costs[row]) > self._best:
                self._best, self._place = (likenesses[row], -costs[row]), u[row]
        best = int(costs.argmin())
        self._turn_slopes(u[best] - self._u, r[best] - self._r)
        if costs[best] < self._cost:
            self._u, self._r, self._cost = u[best], r[best], costs[best]
            self._damping = float(np.clip(self._damping * DAMPINGS[best], 1e-3, 1e2))
        else:
            self._damping = min(10 * self._damping, 1e3)

    def found(self) -> Encoded:
        z, (fill, density, energy) = self._place[: self._size], self._place[self._size :]
        return Encoded(
            z=z.astype(np.float32), style=self._style, fill=float(fill), density=float(density), energy=float(energy)
        )

    def _candidates(self) -> Doubles:
        """The Gauss-Newton steps from u under each damping, [n, u]."""
        prior = np.where(np.arange(len(self._u)) < self._size, 2 * PRIOR, 0.0)
        p = 1 / (1 + np.exp(-self._r[: self._cells]))
        weights = np.concatenate([p * (1 - p) + FLATTEST, 2 * self._scale])
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
        misses: Doubles = (given - self._wanted) * np.concatenate([np.ones(self._cells), 2 * self._scale])
        return misses

    def _turn_slopes(self, moved: Doubles, changed: Doubles) -> None:
        length = float(moved @ moved)
        if length > 0:
            self._slopes += np.outer(changed - self._slopes @ moved, moved / length)

    def _bounded(self, u: Doubles) -> Doubles:
        bounded = u.copy()
        bounded[..., self._size :] = np.clip(u[..., self._size :], self._low, self._high)
        return bounded

    def _outputs(self, u: Doubles) -> Doubles:
        """Onset logits of all cells, velocity and offset of the wanted hits, [n, outputs]."""
        given = u.astype(np.float32)
        style = np.repeat(self._style[None], len(u), 0)
        onset, velocity, offset = self._model.raw_many(given[:, : self._size], style, given[:, self._size :])
        p = np.clip(onset.reshape(len(u), -1).astype(np.float64), SURE, 1 - SURE)
        heard = [value.reshape(len(u), -1)[:, self._hit].astype(np.float64) for value in (velocity, offset)]
        return np.concatenate([np.log(p / (1 - p)), *heard], 1)

    def _costs(self, u: Doubles, r: Doubles) -> Doubles:
        """[n]."""
        logits, wanted = r[:, : self._cells], self._wanted[: self._cells]
        onsets = np.logaddexp(0, logits).sum(1) - logits @ wanted
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
