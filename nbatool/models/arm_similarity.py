"""How much one candidate tells about another, from their tags, attributes and channels.

Arms of a bandit are rarely strangers: a customer who answers to one coupon answers to others. The prior correlation
of two arms' coefficients is a sum of parts, each a positive semidefinite kernel over arms, so that the whole is one
whatever the catalogue holds (a hierarchical linear model in the sense of Gelman & Hill 2006, chapter 12, with crossed
groups).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nbatool.base.records import NOTHING, Action
from nbatool.models.table import FloatArray

Arm = tuple[str, str | None]
"""(action id, channel); `nothing` has no channel."""

COMMON, KIN, SAME_ACTION, SAME_CHANNEL = 0.25, 0.30, 0.15, 0.05
"""Shares of a coefficient's variance that all arms have in common, that arms alike in tags and attributes have, that
the channels of one action have, that the actions of one channel have. The rest, a quarter, is the arm's own."""


def relation(arms: Sequence[Arm], actions: Mapping[str, Action]) -> FloatArray:
    """Return the prior correlation between arms: float64[m, m], unit diagonal, positive definite.

    Parameters
    ----------
    arms
        Candidates; an action unknown to ``actions``, and `nothing`, share the common part only.
    actions
        Catalogue entries by id.

    >>> a, b = (Action(i, i, ("email",), tags=("promo",)) for i in "ab")
    >>> relation([("a", "email"), ("b", "email"), ("nothing", None)], {"a": a, "b": b}).round(3).tolist()
    [[1.0, 0.6, 0.25], [0.6, 1.0, 0.25], [0.25, 0.25, 1.0]]
    """
    m = len(arms)
    out = np.full((m, m), COMMON)
    known = [None if arm[0] == NOTHING else actions.get(arm[0]) for arm in arms]
    traits = Traits.of(list(actions.values()))
    for i in range(m):
        out[i, i] = 1.0
        for j in range(i):
            a, b = known[i], known[j]
            if a is None or b is None:
                continue
            shared = KIN * traits.kinship(a, b) + SAME_ACTION * (a.id == b.id)
            out[i, j] = out[j, i] = COMMON + shared + SAME_CHANNEL * (arms[i][1] == arms[j][1])
    return out


@dataclass(frozen=True, slots=True)
class Traits:
    """What the actions of a catalogue can have in common.

    Parameters
    ----------
    tagged
        Whether any action has tags.
    spread
        Attribute → standard deviation over the catalogue, 0 for texts; numbers one spread apart are exp(−½) alike.
    """

    tagged: bool
    spread: Mapping[str, float]

    @classmethod
    def of(cls, actions: Sequence[Action]) -> Traits:
        values: dict[str, list[float]] = {}
        for action in actions:
            for name, value in action.attributes.items():
                values.setdefault(name, [])
                if _number(value):
                    values[name].append(float(value))  # type: ignore[arg-type]  # a number
        spread = {name: float(np.std(found)) if found else 0.0 for name, found in sorted(values.items())}
        return cls(any(action.tags for action in actions), spread)

    def kinship(self, a: Action, b: Action) -> float:
        """Return how alike two actions are, 0 to 1: the mean of the cosine of their tags and the likeness of their
        attributes. What is averaged is the same for every pair, or the kernel would not be semidefinite.
        """
        if a.id == b.id:
            return 1.0
        parts = []
        if self.tagged:
            size = math.sqrt(len(set(a.tags)) * len(set(b.tags)))
            parts.append(len(set(a.tags) & set(b.tags)) / size if size else 0.0)
        if self.spread:
            likes = [_alike(a.attributes.get(n), b.attributes.get(n), s) for n, s in self.spread.items()]
            parts.append(sum(likes) / len(likes))
        return sum(parts) / len(parts) if parts else 0.0


def _alike(x: float | str | bool | None, y: float | str | bool | None, spread: float) -> float:
    if x is None or y is None:
        return 0.0
    if _number(x) and _number(y) and spread > 0:
        return math.exp(-0.5 * ((float(x) - float(y)) / spread) ** 2)
    return float(x == y)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
