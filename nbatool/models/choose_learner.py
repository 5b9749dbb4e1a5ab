"""Which learner a workspace gets: the one whose choices were worth most on later rows.

Each learner is asked, at the rows that judge, what it would have done if only a tenth of the customers could be contacted,
two tenths, … everybody; what that would have brought, net of costs, is estimated doubly robustly with one and the same
outcome model for all (the mean of theirs), so that their differences are sharp. How well a learner orders customers in
general (AUC, Qini) is not asked: what counts is money.

A learner's differences between customers must also be real: their slope on doubly robust effects, over customers it had
not seen, must be above 0 by more than chance. Else every action gets one uplift for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbatool.models.bootstrap import drawn_sums, interval, mean_interval
from nbatool.models.doubly_robust import Estimate, Slope, dr_scores, effect_slope, mean_by_customer
from nbatool.models.metrics import equal_count_groups
from nbatool.models.table import FloatArray, IntArray

SHARES = tuple(k / 10 for k in range(1, 11))
DEFAULT, CONSTANT = "S", "constant"
MOST_TRUSTED = ("linear", DEFAULT)
"""Learners that another must clearly beat, the first of those that compete: what replays every decision with a known
uncertainty, then the plainest of the trained ones."""
N_TENTHS = 10


@dataclass(frozen=True, slots=True)
class Terms:
    """What an action costs and how its uplift counts, (k,) each; of nothing both are as if 0 and 1."""

    lever: FloatArray
    cost: FloatArray

    @classmethod
    def free(cls, k: int) -> Terms:
        return cls(np.ones(k), np.zeros(k))


@dataclass(frozen=True, slots=True)
class Judged:
    """Later rows with what each learner expects there.

    Parameters
    ----------
    y, arm, probability, customer
        (n,): outcome, position of what was done (k: nothing), its chance, who.
    nothing, uplift
        By learner: (n,) what nothing brings, (n, k) what each action adds, in currency.
    against_nothing
        Whether `nothing` was done often enough to be chosen; else an action always is.
    """

    y: FloatArray
    arm: IntArray
    probability: FloatArray
    customer: IntArray
    nothing: Mapping[str, FloatArray]
    uplift: Mapping[str, FloatArray]
    against_nothing: bool = True

    def gamma(self) -> FloatArray:
        """Doubly robust scores (n, k + 1) around the mean of all learners' expectations."""
        nothing = np.mean(list(self.nothing.values()), axis=0)
        uplift = np.mean(list(self.uplift.values()), axis=0)
        mu = np.column_stack([nothing[:, None] + uplift, nothing])
        return dr_scores(self.y, mu, self.arm, self.probability)


@dataclass(frozen=True, slots=True)
class Value:
    """What a learner's choices gain over nothing, per decision.

    Parameters
    ----------
    limited
        Mean over the shares that may be contacted: what learners are compared by.
    whole
        When everybody may be contacted.
    rows
        float64[n]: each row's part of ``limited``.
    """

    limited: Estimate
    whole: Estimate
    rows: FloatArray


def values_of(judged: Judged, terms: Terms) -> dict[str, Value]:
    """Return the value of every learner's choices."""
    gamma = judged.gamma()
    return {name: _value(judged, gamma, uplift, terms) for name, uplift in judged.uplift.items()}


def _value(judged: Judged, gamma: FloatArray, uplift: FloatArray, terms: Terms) -> Value:
    n = len(uplift)
    net = terms.lever * uplift - terms.cost
    best = net.argmax(1)
    gain = gamma[np.arange(n), best] - gamma[:, -1] - terms.cost[best]
    if not judged.against_nothing:
        over_all = gain + gamma[:, -1] - float(judged.y.mean())
        found = mean_by_customer(over_all, judged.customer)
        return Value(found, found, over_all)
    worth = net[np.arange(n), best]
    rank = np.empty(n)
    # ties (one uplift for all) share their places: the order of customers must not matter
    _, place, count = np.unique(-worth, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - count)[place] / n
    width = count[place] / n
    times = np.mean([np.clip((share - rank) / width, 0.0, 1.0) for share in SHARES], axis=0) * (worth > 0)
    rows = times * gain
    whole = np.where(worth > 0, gain, 0.0)
    return Value(mean_by_customer(rows, judged.customer), mean_by_customer(whole, judged.customer), rows)


@dataclass(frozen=True, slots=True)
class Choice:
    """The learner chosen, why, and the figures of all of them for the card."""

    name: str
    because: str
    figures: dict[str, Any]


def choose_learner(judged: Judged, slopes: Mapping[str, Slope], terms: Terms, seed: int) -> Choice:
    """Choose: the most trusted unless another's choices are worth more by a standard error, if its differences are real.

    Parameters
    ----------
    slopes
        By learner, of doubly robust effects on its raw effects over customers it had not seen.
    """
    values = values_of(judged, terms)
    learned = [name for name in values if name != CONSTANT]
    trusted = next(name for name in MOST_TRUSTED if name in values)
    best = max(learned, key=lambda name: (values[name].limited.value, name == trusted))
    chosen, because = best, "its choices were worth most on later rows"
    if best != trusted and not _clearly(values, best, trusted, judged.customer, 1.0):
        chosen, because = trusted, "no other learner's choices were clearly worth more on later rows"
    if chosen != CONSTANT and not slopes[chosen].reliable:
        because = "no reliable difference between customers: what was predicted to differ did not come true beyond chance"
        chosen = CONSTANT
    elif chosen != CONSTANT and _clearly(values, CONSTANT, chosen, judged.customer, 2.0):
        because = "one uplift for all is worth more on later rows than any learner's differences"
        chosen = CONSTANT
    shown = {name: _figures(value, judged.customer, seed, name) for name, value in values.items()}
    for name, slope in slopes.items():
        shown[name]["slope"] = slope.to_json()
    return Choice(chosen, because, shown)


def _clearly(values: Mapping[str, Value], one: str, other: str, customer: IntArray, errors: float) -> bool:
    """Whether one is worth more than the other by so many standard errors of the difference."""
    if one not in values or one == other:
        return False
    gap = mean_by_customer(values[one].rows - values[other].rows, customer)
    return gap.value > errors * gap.se


def _figures(value: Value, customer: IntArray, seed: int, name: str) -> dict[str, Any]:
    low, high = mean_interval(value.rows, customer, seed=seed, name=f"value/{name}")
    return {
        "value": value.limited.value,
        "se": value.limited.se,
        "low": low,
        "high": high,
        "everybody": value.whole.to_json(),
    }


def gains(gamma: FloatArray, effect: FloatArray, *, against_nothing: bool) -> tuple[FloatArray, FloatArray]:
    """Return measured and predicted effects (n, k): over nothing, or over the mean of all actions where it was not done.

    Without rows of nothing Γ(nothing) is the model's own word, which must not be taken for a measurement.
    """
    if against_nothing:
        return gamma[:, :-1] - gamma[:, -1:], effect
    of_actions = gamma[:, :-1]
    return of_actions - of_actions.mean(1, keepdims=True), effect - effect.mean(1, keepdims=True)


def slope_of(
    gamma: FloatArray,
    effect: FloatArray,
    spread: FloatArray,
    customer: IntArray,
    *,
    against_nothing: bool = True,
) -> Slope:
    """Return the slope of doubly robust effects on a learner's raw effects; rows count by one over their variance."""
    measured, predicted = gains(gamma, effect, against_nothing=against_nothing)
    return effect_slope(measured, predicted, 1.0 / spread**2, customer)


def tenths(
    gamma: FloatArray, uplift: FloatArray, customer: IntArray, *, seed: int, against_nothing: bool = True
) -> Sequence[dict[str, float]]:
    """Return predicted and measured uplift by tenths of the prediction over all rows and actions, lowest first.

    Measured is the mean of Γ(a) − Γ(nothing) (`gains`), its interval by bootstrap over customers.
    """
    measured, expected = gains(gamma, uplift, against_nothing=against_nothing)
    gain, predicted, who = measured.ravel(), expected.ravel(), np.repeat(customer, uplift.shape[1])
    groups = equal_count_groups(predicted, N_TENTHS)
    found = []
    for number, group in enumerate(groups):
        pair = np.column_stack([gain[group], np.ones(len(group))])
        sums = drawn_sums(pair, who[group], seed=seed, name=f"tenth/{number}")
        low, high = interval(sums[:, 0] / np.maximum(sums[:, 1], 1.0))
        found.append(
            {
                "n": len(group),
                "predicted": float(predicted[group].mean()),
                "measured": float(gain[group].mean()),
                "low": low,
                "high": high,
            }
        )
    return found
