"""What a policy would have done at the judged moments: its chances over the candidates of the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from nbatool.decide.decision import Wishes
from nbatool.decide.exploration_terms import BY_DRAWS
from nbatool.decide.policy import Policy
from nbatool.features.customer import CustomerFeatures
from nbatool.measure.judged import CHUNK, Judged
from nbatool.measure.rules import Rule, rule_names, ruled
from nbatool.models.candidates import Candidate
from nbatool.models.posterior import Posterior
from nbatool.models.table import FloatArray, IntArray

Shares = NDArray[np.float32]
"""Half the memory of doubles: a million decisions have twenty candidates each."""


@dataclass(frozen=True)
class Chances:
    """A policy over n judged decisions and the m candidates of the log.

    Parameters
    ----------
    exploring
        (n, m) as it is put into practice.
    greedy
        (n, m) always taking what it holds for best.
    """

    exploring: Shares
    greedy: Shares


def chances(
    policy: Policy,
    judged: Judged,
    threads: int = 1,
    *,
    posterior: Posterior | None = None,
    kept: IntArray | None = None,
) -> Chances:
    """Return what a policy would have done.

    Methods that draw are judged by their greedy choice: what was believed day by day is not kept.

    Parameters
    ----------
    posterior
        What its fast learner knew when the first of the judged decisions was made.
    kept
        Positions among the decisions read; by default those that can be used.
    """
    total, m = len(judged.moments.moments), len(judged.candidates)
    at = _columns(policy.candidates, judged.candidates)
    exploring = np.zeros((total, m), dtype=np.float32)
    greedy = np.zeros((total, m), dtype=np.float32)
    drawn = policy.practice.terms.method in BY_DRAWS
    for first, last, customers in judged.moments.chunks(CHUNK):
        decision = policy.decide(
            customers,
            _scores(policy, customers),
            _wishes(judged, first, last),
            threads=threads,
            posterior=posterior,
        )
        best = policy.distribution(decision, exploring=False)
        _add(greedy[first:last], best, at)
        _add(exploring[first:last], best if drawn else policy.distribution(decision), at)
    kept = judged.checked.kept if kept is None else kept
    return Chances(_normalised(exploring[kept]), _normalised(greedy[kept]))


def rule_choices(policy: Policy, judged: Judged, rules: Sequence[Rule]) -> IntArray:
    """Return what hand-written rules would have chosen at the judged decisions, (n,)."""
    found = []
    for first, last, customers in judged.moments.chunks(CHUNK):
        wishes = _wishes(judged, first, last)
        columns = policy.columns_of(customers, _scores(policy, customers), wishes, rule_names(rules))
        found.append(ruled(rules, columns, last - first, len(judged.candidates)))
    chosen, possible = np.concatenate(found)[judged.checked.kept], judged.checked.log.possible
    if possible is None:
        return chosen
    # A rule is subject to what the catalogue allows, like everybody.
    return np.where(possible[np.arange(len(chosen)), chosen], chosen, len(judged.candidates) - 1)


def _columns(own: Sequence[Candidate], known: Sequence[Candidate]) -> IntArray:
    """Where the policy's candidates stand among the log's; those of one action together where channels are not told."""
    at = {candidate: j for j, candidate in enumerate(known)}
    return np.array([at.get((a, c), at.get((a, None), -1)) for a, c in own], dtype=np.int64)


def _add(into: Shares, chance: FloatArray, at: IntArray) -> None:
    for j, place in enumerate(at.tolist()):
        into[:, place] += chance[:, j].astype(np.float32)


def _normalised(chance: Shares) -> Shares:
    """Rows that sum to 1; `nothing` where a policy has no candidate at all."""
    total = chance.sum(axis=1)
    chance[total == 0, -1] = 1.0
    scaled: Shares = chance / chance.sum(axis=1, keepdims=True)
    return scaled


def _scores(policy: Policy, customers: CustomerFeatures) -> dict[str, Any]:
    """Propensities at the moments; lifetime value there is not known and reads as null."""
    encoded = policy.bundle.customer.encode(customers)
    unknown = np.full(len(customers), np.nan)
    scores: dict[str, Any] = dict.fromkeys(("clv", "clv_quantile", "p_alive", "expected_purchases"), unknown)
    scores["segment"] = np.full(len(customers), None, dtype=object)
    return scores | {name: model.predict(encoded) for name, model in policy.bundle.propensities.items()}


def _wishes(judged: Judged, first: int, last: int) -> Wishes:
    texts = judged.contexts[first:last]
    if not any(texts):
        return Wishes()
    return Wishes(context=[msgspec.json.decode(text) if text else {} for text in texts])
