"""Which columns tell customers apart in what actions do to them, as closed decisions show it.

A column that foretells the outcome whatever is done (who buys much buys much) is of no use to a choice; one whose
slope differs from arm to arm is. Cochran's Q measures that: the squared distances of the arms' slopes from their common
slope, over their variances (White's, which stand outcomes that vary more for some customers than for others, in the
form HC3, which few telling rows do not make small). Without
any difference Q has a chi-squared distribution with one degree of freedom less than there are arms.

Source: Cochran (1954), "The combination of estimates from different experiments"; White (1980); MacKinnon & White (1985).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nbatool.models.context_encoder import ContextEncoder
from nbatool.models.table import FloatArray, IntArray

FEWEST_PER_ARM = 25
"""Decisions below which an arm's slope has no variance worth the name."""
MOST_DECISIONS = 100_000
"""Newest closed decisions the columns are judged by."""
MOST_CATEGORIES = 6
"""Categories of a text that have a coordinate of their own."""
FEWEST_TELLING = 10.0
"""Rows on which a slope must rest at least: fewer (a rare flag) fit the line they draw, and seem precise."""
MOST_WEIGHT = 10.0
"""Times the least weight a decision of small chance counts at most."""
HELD = 10.0
"""Ridge of what chosen columns explain: a coordinate of few decisions explains little."""


@dataclass(frozen=True)
class Evidence:
    """What closed decisions can say about columns.

    Parameters
    ----------
    coordinates
        Column → float64[n, c], as the fast learner would see it.
    arm, outcome
        int64[n] any numbers of the arms, float64[n] in currency.
    weight
        float64[n]: one over the chance of what was done, so that every arm is seen on customers like all.
    """

    coordinates: Mapping[str, FloatArray]
    arm: IntArray
    outcome: FloatArray
    weight: FloatArray

    def score(self, column: str, left: FloatArray) -> float:
        """Return how much a column tells arms apart in what is left of the outcomes, in standard deviations of chance."""
        found = self.coordinates.get(column)
        return 0.0 if found is None else differs(found, self.by_arm, left, self.weight)

    @cached_property
    def by_arm(self) -> list[IntArray]:
        """Each arm's decisions, by their places."""
        return rows_by_arm(self.arm)

    def left_by(self, columns: Sequence[str]) -> FloatArray:
        """Return float64[n]: what the columns, each arm for itself, leave of the outcomes."""
        known = [self.coordinates[name] for name in columns if name in self.coordinates]
        phi = np.column_stack([np.ones(len(self.outcome)), *known])
        left = self.outcome.copy()
        for here in self.by_arm:
            z, y, w = phi[here], self.outcome[here], self.weight[here]
            held = np.eye(z.shape[1]) * HELD
            left[here] = y - z @ np.linalg.solve((z.T * w) @ z + held, (z.T * w) @ y)
        return left


NO_EVIDENCE = Evidence({}, np.zeros(0, np.int64), np.zeros(0), np.zeros(0))


def evidence_of(
    numbers: Mapping[str, FloatArray],
    texts: Mapping[str, Sequence[str | None]],
    arm: IntArray,
    outcome: FloatArray,
    chance: FloatArray | None = None,
    *,
    most_categories: int,
    durations: Collection[str] = (),
) -> Evidence:
    """Return what n closed decisions can say about the columns.

    Parameters
    ----------
    numbers, texts
        Column → n values at the moments of the decisions.
    arm, outcome
        int64[n] any numbers of the arms, float64[n] in currency.
    chance
        float64[n]: with which probability each was chosen, NaN where nobody knows; None: all alike.
    durations
        Number columns that are days since something.
    """
    found: dict[str, FloatArray] = {}
    for name, values in numbers.items():
        found[name] = ContextEncoder.fit({name: values}, {}, durations=durations).encode({name: values}, {})[
            :, 1:
        ]
    for name, said in texts.items():
        encoder = ContextEncoder.fit({}, {name: said}, most_categories=most_categories)
        found[name] = encoder.encode({}, {name: said})[:, 1:]
    return Evidence(found, arm, outcome, _weights(chance, len(arm)))


def _weights(chance: FloatArray | None, n: int) -> FloatArray:
    """One over the chance, at most `MOST_WEIGHT` times the least; those of unknown chance count as usual."""
    if chance is None or not np.isfinite(chance).any():
        return np.ones(n)
    known = np.where(np.isfinite(chance), chance, np.nanmedian(chance))
    weight = np.minimum(1.0 / np.maximum(known, 1e-9), MOST_WEIGHT)
    return np.asarray(weight / weight.mean())


def useful(
    found: Evidence, prior: Mapping[str, float], room: int, widths: Mapping[str, int] | None = None
) -> list[str]:
    """Return the columns of most use that fit into so many coordinates, best first.

    One after the other: each is judged by what those before it leave, so that of columns that say the same, one is taken.

    Parameters
    ----------
    prior
        Column → what speaks for it before any decision closed, in standard deviations of chance.
    widths
        Coordinates a column can have, where it is not in the evidence.
    """
    names = sorted({*found.coordinates, *prior})
    known = dict.fromkeys(names, 1) | dict(widths or {})
    known |= {name: z.shape[1] for name, z in found.coordinates.items()}
    left, best = found.outcome, list[str]()
    # What a column can tell falls as others are taken: only those ahead by an older score are looked at again.
    score = {name: found.score(name, left) + prior.get(name, 0.0) for name in names}
    fresh = set(names)
    while score:
        name = max(score, key=lambda name: (score[name], name))
        # The width is that of the sample; the encoder is fitted on everybody, where a category may be more.
        if known[name] > room:
            del score[name]
        elif name not in fresh:
            score[name] = found.score(name, left) + prior.get(name, 0.0)
            fresh.add(name)
        else:
            best.append(name)
            room -= known[name]
            del score[name]
            left, fresh = found.left_by(best), set()
    return best


def rows_by_arm(arm: IntArray) -> list[IntArray]:
    """Return the places of each arm's decisions, arms ascending.

    >>> [rows.tolist() for rows in rows_by_arm(np.array([1, 0, 1]))]
    [[1], [0, 2]]
    """
    order = np.argsort(arm, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(arm[order])) + 1)


def differs(
    z: FloatArray, by_arm: Sequence[IntArray], outcome: FloatArray, weight: FloatArray | None = None
) -> float:
    """Return how much the slopes on the coordinates (n, c) differ between arms, in standard deviations of chance.

    Parameters
    ----------
    by_arm
        Places of each arm's decisions.
    weight
        float64[n] of the rows. A policy sends each action to those it suits: unweighted, whatever went with being chosen
        would seem to tell arms apart.

    >>> rng = np.random.default_rng(0)
    >>> z, arm = rng.normal(size=(900, 1)), np.arange(900) % 3
    >>> same, other = z[:, 0] + rng.normal(size=900), z[:, 0] * (arm == 1) + rng.normal(size=900)
    >>> rows = rows_by_arm(arm)
    >>> abs(differs(z, rows, same)) < 2 < 10 < differs(z, rows, other)
    True
    """
    weight = np.ones(len(z)) if weight is None else weight
    total, degrees = 0.0, 0
    for k in range(z.shape[1]):
        slopes, precisions = _slopes(z[:, k], by_arm, outcome, weight)
        if len(slopes) > 1:
            common = float((slopes * precisions).sum() / precisions.sum())
            total += float((precisions * (slopes - common) ** 2).sum())
            degrees += len(slopes) - 1
    return (total - degrees) / math.sqrt(2.0 * degrees) if degrees else 0.0


def _slopes(
    z: FloatArray, by_arm: Sequence[IntArray], outcome: FloatArray, weight: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Slope and its precision within each arm that has enough decisions, and where the coordinate varies."""
    slopes, precisions = [], []
    for here in by_arm:
        if len(here) < FEWEST_PER_ARM:
            continue
        w = weight[here]
        x, y = z[here] - np.average(z[here], weights=w), outcome[here] - np.average(outcome[here], weights=w)
        pull = w * x * x
        size = float(pull.sum())
        if size <= 1e-9 or size * size < FEWEST_TELLING * float((pull**2).sum()):
            continue
        slope = float((w * x * y).sum()) / size
        # HC3: a row that pulled the line towards itself tells less of its own noise
        own = np.maximum(1.0 - pull / size, 1e-9)
        spread = float(((w * x * (y - slope * x) / own) ** 2).sum())
        if spread > 0:
            slopes.append(slope)
            precisions.append(size * size / spread)
    return np.array(slopes), np.array(precisions)
