"""The fast learner beside a model version: every closed decision of its own log, replayed on the version's residuals.

Every publication starts anew from the prior and takes in each closed decision once, as this version would have
expected it. So the fast learner is the last stage of one fit: what training already explained is no longer in the
residuals, and is not learned twice; what it left unexplained (all differences between customers, while data are few)
is learned here, with a known uncertainty. A prior that is wide where the version tells no customers apart, and tight
where it does, is moved by the evidence of the outcomes themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import DAY_US, US_PER_S
from nbatool.base.records import NOTHING
from nbatool.decide.learned import context_of
from nbatool.decide.policy import Policy
from nbatool.features.choice import as_timestamp
from nbatool.features.kinds import Floats
from nbatool.features.moments import Moments, prepare_moments
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.models.arm_similarity import relation
from nbatool.models.bundle import Bundle
from nbatool.models.learners import NoLearner
from nbatool.models.linear_rival import LINEAR
from nbatool.models.posterior import Posterior
from nbatool.models.posterior_prior import default_variance, variance_of
from nbatool.models.replay import MOST_REPLAYED, Sums, believed, share_kept
from nbatool.store.arrow import fetch_arrow
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

CHUNK = 20_000
FEWEST_DAYS = 2
"""Days with decisions of an action since it is said to have changed: one may have been a strange one."""
MOST_CHANGES = 20
"""Newest alarms looked at; each costs a look at all outcomes."""


@dataclass(frozen=True)
class Rebased:
    """A posterior and how far it knows.

    Parameters
    ----------
    closed_position
        Windows closed in the warehouse up to here are in it.
    learned_us
        The moment its ages are counted from, µs since 1970.
    outcomes
        How many were replayed.
    """

    posterior: Posterior
    closed_position: int
    learned_us: int
    outcomes: int


def rebased(
    con: duckdb.DuckDBPyConnection,
    policy: Policy,
    terms: OutcomeTerms,
    *,
    as_of_us: int,
) -> Rebased | None:
    """Return the fast learner of a policy as of a moment; None where its version has no context for one.

    It knows the decisions whose windows had ended by then, with their wait, whenever they were closed.

    Parameters
    ----------
    terms
        What counts as an outcome, how long it is waited for, and how fast it is forgotten.

    Overwrites the prepared moments of the connection.
    """
    encoder = policy.bundle.context
    if encoder is None:
        return None
    arms = policy.candidates
    position = int(con.execute(statement("decide/closed_position")).fetchall()[0][0] or 0)
    until_us = as_of_us - terms.closes_us(0)
    asked = {"most": MOST_REPLAYED, "each_slot": terms.each_slot, "until": as_timestamp(until_us)}
    closed = fetch_arrow(con, statement("decide/closed_newest"), asked)
    outcome = np.asarray(closed["outcome"].to_numpy(), dtype=np.float64)
    variance = prior_variance(policy.bundle, encoder.d)
    posterior = Posterior.start(
        arms, relation(arms, policy.catalogue.actions), variance, noise=_noise(policy, outcome),
        half_life_s=terms.half_life_s,
    )  # fmt: skip
    of_arm = {candidate: k for k, candidate in enumerate(arms)}
    arm = np.array([of_arm.get(chosen, -1) for chosen in _arms(closed)], dtype=np.int64)
    known = np.flatnonzero(arm >= 0)
    if len(known):
        phi, expected = _seen(con, policy, closed, known, arm)
        began = np.asarray(closed["began_us"].to_numpy(), dtype=np.int64)[known]
        replay = Replay(phi, arm[known], outcome[known] - expected, began)
        # An alarm stands at the newest decision that raised it.
        changes = changes_of(con, until_us + 1)
        weight = replay.forgotten(posterior, changes, replay.faded(as_of_us, terms.half_life_s))
        posterior = believed(posterior, replay.sums(weight, len(arms)))
    return Rebased(posterior, position, as_of_us, len(known))


def prior_variance(bundle: Bundle, d: int) -> Floats:
    """Return float64[d]: how much of a coefficient the version may have left over, before the outcomes say.

    Little where it tells customers apart by itself: few outcomes must not shake it, and what it left of those it was
    trained on is less than it leaves of others. As much as without any model where it leaves all differences to the
    fast learner, or found none among its own decisions: they are replayed, and say themselves how little is known. What
    others logged is not replayed: there it is as much as all those rows still allow.
    """
    card = {} if bundle.outcome is None else bundle.outcome.card
    if bundle.outcome is not None and card.get("learner") not in (NoLearner.name, LINEAR):
        return default_variance(d, trained=True)
    may_be = (card.get("difference") or {}).get("may_be")
    return default_variance(d, trained=False) if may_be is None else variance_of(d, *may_be)


@dataclass(frozen=True)
class Replay:
    """n closed decisions as the fast learner sees them: float64[n, d], int64[n], float64[n] in currency, int64[n] µs.

    Each is as old as its contact, which a person may have let wait.
    """

    phi: Floats
    arm: NDArray[np.int64]
    residual: Floats
    as_of_us: NDArray[np.int64]

    def faded(self, as_of_us: int, half_life_s: int) -> Floats:
        """Return what each counts by its age."""
        ages = ((as_of_us - self.as_of_us) / US_PER_S).tolist()
        return np.array([2.0 ** (-max(age, 0.0) / half_life_s) for age in ages])

    def sums(self, weight: Floats, m: int) -> Sums:
        return Sums.of(self.phi, self.arm, self.residual, weight, m)

    def forgotten(self, prior: Posterior, changes: Sequence[ActionChange], weight: Floats) -> Floats:
        """Return the weights with those of before a change lowered, as far as what came since bears the change out."""
        weight = weight.copy()
        for change in changes:
            arms = [k for k, (action, _) in enumerate(prior.arms) if action == change.action_id]
            before = self.as_of_us < change.since_us
            old = before & np.isin(self.arm, arms)
            days = np.unique(self.as_of_us[~before & np.isin(self.arm, arms)] // DAY_US)
            if old.any() and len(days) >= FEWEST_DAYS:
                of = [
                    self.sums(np.where(rows, weight, 0.0), prior.m) for rows in (before & ~old, old, ~before)
                ]
                weight[old] *= share_kept(prior, of[0], of[1], of[2], change.least)
        return weight


@dataclass(frozen=True)
class ActionChange:
    """An alarm: since when an action may work otherwise, and the least that what came before still counts."""

    action_id: str
    since_us: int
    least: float


def changes_of(con: duckdb.DuckDBPyConnection, until_us: int | None = None) -> list[ActionChange]:
    """Return the newest alarms, oldest first; those of a moment or later are not known before it."""
    con.execute(statement("store/create_changes"))
    asked = {"most": MOST_CHANGES, "until": None if until_us is None else as_timestamp(until_us)}
    found = con.execute(statement("decide/changes"), asked).fetchall()
    return [ActionChange(*row) for row in found]


def _noise(policy: Policy, outcome: Floats) -> float:
    """A first guess of an outcome's variance around its expectation, in squared currency."""
    model = policy.bundle.outcome
    if model is not None and model.card.get("evaluation"):
        found = float(model.card["evaluation"]["rmse"]["model"]) ** 2
        if found > 0:
            return found
    varied = float(outcome.var()) if len(outcome) else 0.0
    return varied if varied > 0 else 1.0


def _arms(closed: Any) -> list[tuple[str, str | None]]:
    channels = closed["channel"].to_pylist()
    return [
        (str(a), None if a == NOTHING else c)
        for a, c in zip(closed["action_id"].to_pylist(), channels, strict=True)
    ]


def _seen(
    con: duckdb.DuckDBPyConnection,
    policy: Policy,
    closed: Any,
    rows: NDArray[np.int64],
    arm: NDArray[np.int64],
) -> tuple[Floats, Floats]:
    """φ and the expected outcome of what was chosen, as the version sees the moments of the decisions."""
    ids = closed["customer_id"].to_pylist()
    as_of = np.asarray(closed["as_of_us"].to_numpy(), dtype=np.int64)
    texts = closed["context"].to_pylist()
    # Features are prepared in the order (customer, moment).
    order = sorted(rows.tolist(), key=lambda k: (ids[k], as_of[k], k))
    moments = Moments([ids[k] for k in order], as_of[order])
    prepared = prepare_moments(con, policy.bundle.features, moments)
    phi, expected = [], []
    for first, last, customers in prepared.chunks(CHUNK):
        encoded = policy.bundle.customer.encode(customers)
        part = order[first:last]
        said = _contexts([texts[k] for k in part])
        phi.append(context_of(policy.bundle, customers, encoded, said))
        found = policy.expected(customers, encoded, context=said)
        every = np.column_stack([found.outcome, found.nothing])
        expected.append(every[np.arange(last - first), arm[part]])
    place = {k: i for i, k in enumerate(order)}
    back = np.array([place[k] for k in rows.tolist()])
    return np.concatenate(phi)[back], np.concatenate(expected)[back]


def _contexts(texts: Sequence[str | None]) -> list[dict[str, Any]] | None:
    """The requests' contexts; None where none said anything."""
    if not any(texts):
        return None
    return [msgspec.json.decode(text) if text else {} for text in texts]
