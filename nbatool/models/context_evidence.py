"""Which columns tell customers apart in what actions do to them, as closed decisions show it.

A column that foretells the outcome whatever is done (who buys much buys much) is of no use to a choice; one whose
slope differs from arm to arm is. Cochran's Q measures that: the squared distances of the arms' slopes from their common
slope, over their variances (White's, which stand outcomes that vary more for some customers than for others). Without
any difference Q has a chi-squared distribution with one degree of freedom less than there are arms.

Source: Cochran (1954), "The combination of estimates from different experiments"; White (1980).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nbatool.models.context_encoder import ContextEncoder
from nbatool.models.table import FloatArray, IntArray

FEWEST_PER_ARM = 25
"""Decisions below which an arm's slope has no variance worth the name."""
MOST_CATEGORIES = 6
"""Categories of a text that have a coordinate of their own."""
ALIKE = 0.8
"""Correlation from which two coordinates say the same."""


@dataclass(frozen=True)
class Evidence:
    """What closed decisions say about columns.

    Parameters
    ----------
    score
        Column → Q less what chance makes it, in standard deviations of chance; 0 where nothing can be said.
    coordinates
        Column → float64[n, c], as the fast learner would see it.
    """

    score: Mapping[str, float]
    coordinates: Mapping[str, FloatArray]

    def is_alike(self, column: str, others: Sequence[str]) -> bool:
        """Whether a number says what one of the others says already."""
        own = self.coordinates.get(column)
        if own is None:
            return False
        return any(
            self.coordinates[other].shape[1] and abs(_correlation(own[:, 0], self.coordinates[other][:, 0])) > ALIKE
            for other in others
            if other in self.coordinates and own.shape[1]
        )  # fmt: skip


NO_EVIDENCE = Evidence({}, {})


def evidence_of(
    numbers: Mapping[str, FloatArray],
    texts: Mapping[str, Sequence[str | None]],
    arm: IntArray,
    outcome: FloatArray,
    *,
    most_categories: int,
) -> Evidence:
    """Return what n closed decisions say about the columns.

    Parameters
    ----------
    numbers, texts
        Column → n values at the moments of the decisions.
    arm, outcome
        int64[n] any numbers of the arms, float64[n] in currency.
    """
    encoder = ContextEncoder.fit(numbers, texts, most_categories=most_categories)
    phi = encoder.encode(numbers, texts)
    score, coordinates, first = {}, {}, 1
    for name, width in widths(encoder).items():
        coordinates[name] = phi[:, first : first + width]
        score[name] = differs(coordinates[name], arm, outcome)
        first += width
    return Evidence(score, coordinates)


def useful(
    found: Evidence, prior: Mapping[str, float], texts: Sequence[str], room: int, most_categories: int
) -> list[str]:
    """Return the columns of most use that fit into so many coordinates, best first; of two numbers alike, one.

    Parameters
    ----------
    prior
        Column → what speaks for it before any decision closed, in standard deviations of chance.
    texts
        Columns that are texts, each as wide as it was in the evidence, or as it can be.
    """
    score = {name: found.score.get(name, 0.0) + prior.get(name, 0.0) for name in (*found.score, *prior)}
    best: list[str] = []
    for name in sorted(score, key=lambda name: (-score[name], name)):
        # The width is that of the sample; the encoder is fitted on everybody, where a category may be more.
        known = found.coordinates.get(name)
        width = 1 + most_categories * (name in texts) if known is None else known.shape[1]
        if width > room or (name not in texts and found.is_alike(name, [n for n in best if n not in texts])):
            continue
        best.append(name)
        room -= width
    return best


def widths(encoder: ContextEncoder) -> dict[str, int]:
    """Return how many coordinates each column has, in their order."""
    found = {column.name: 1 + column.gaps for column in encoder.numbers}
    return found | {column.name: len(column.categories) + column.gaps for column in encoder.texts}


def differs(z: FloatArray, arm: IntArray, outcome: FloatArray) -> float:
    """Return how much the slopes on the coordinates (n, c) differ between arms, in standard deviations of chance.

    >>> rng = np.random.default_rng(0)
    >>> z, arm = rng.normal(size=(900, 1)), np.arange(900) % 3
    >>> same, other = z[:, 0] + rng.normal(size=900), z[:, 0] * (arm == 1) + rng.normal(size=900)
    >>> abs(differs(z, arm, same)) < 2 < 10 < differs(z, arm, other)
    True
    """
    total, degrees = 0.0, 0
    for k in range(z.shape[1]):
        slopes, precisions = _slopes(z[:, k], arm, outcome)
        if len(slopes) > 1:
            common = float((slopes * precisions).sum() / precisions.sum())
            total += float((precisions * (slopes - common) ** 2).sum())
            degrees += len(slopes) - 1
    return (total - degrees) / math.sqrt(2.0 * degrees) if degrees else 0.0


def _slopes(z: FloatArray, arm: IntArray, outcome: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Slope and its precision within each arm that has enough decisions, and where the coordinate varies."""
    slopes, precisions = [], []
    for a in np.unique(arm):
        here = arm == a
        if here.sum() < FEWEST_PER_ARM:
            continue
        x, y = z[here] - z[here].mean(), outcome[here] - outcome[here].mean()
        size = float((x * x).sum())
        if size <= 1e-9:
            continue
        slope = float((x * y).sum()) / size
        spread = float((x * x * (y - slope * x) ** 2).sum())
        if spread > 0:
            slopes.append(slope)
            precisions.append(size * size / spread)
    return np.array(slopes), np.array(precisions)


def _correlation(x: FloatArray, y: FloatArray) -> float:
    a, b = x - x.mean(), y - y.mean()
    size = math.sqrt(float((a * a).sum()) * float((b * b).sum()))
    return float((a * b).sum()) / size if size > 0 else 0.0
