"""With which probability a decision came about: within the arm that made it, and overall.

Estimators use the overall one, Σ_arm share · probability within the arm: over all customers that is the chance a
candidate had, whoever was in which arm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nbatool.decide.arm_probabilities import Worth, arm_probabilities
from nbatool.decide.arms import CONTROL, MODEL_ONLY, POLICY, RANDOM, RULES_ONLY, ArmShares
from nbatool.decide.best import NO_CANDIDATE, Bools, Floats, best_in
from nbatool.decide.exploration import CHUNK_ROWS, probabilities_by_arrays
from nbatool.decide.exploration_row import row_probabilities
from nbatool.decide.exploration_terms import ExplorationTerms


@dataclass(frozen=True)
class Odds:
    """Probabilities of the candidates of n decisions, (n, m) each.

    Parameters
    ----------
    in_arm
        Within the decision's own arm; what is sampled from.
    overall
        Over all arms; what estimators use.
    """

    in_arm: Floats
    overall: Floats


def odds(
    worth: Worth,
    arm: NDArray[np.int8],
    experiment: ArmShares,
    terms: ExplorationTerms,
    wins: Floats | None = None,
    known: Bools | None = None,
) -> Odds:
    """Return with which probability each candidate is chosen, within the arm and overall.

    Parameters
    ----------
    worth
        Of the candidates.
    arm
        (n,) as `arms.arms_of` gives it.
    experiment
        The shares.
    terms, wins
        As for `exploration.probabilities`.
    known
        (n,) False where the visitor is anonymous: no arm but the policy could have decided, so both are the policy's.

    Raises
    ------
    ValueError
        As `exploration.probabilities`.

    Examples
    --------
    >>> worth = Worth(np.array([[2.0, 0.0]]), np.array([[3.0, 0.0]]), np.array([1.0, 0.0]), np.ones((1, 2), dtype=bool))
    >>> given = odds(worth, np.array([1], dtype=np.int8), ArmShares("autumn", control=0.1), ExplorationTerms())
    >>> given.in_arm.tolist(), given.overall.tolist()
    ([[0.0, 1.0]], [[0.9, 0.1]])
    """
    if len(arm) == 1:
        won = None if wins is None else wins[0].tolist()
        return _odds_of_one(worth, int(arm[0]), experiment, terms, won, known is None or bool(known[0]))
    return odds_by_arrays(worth, arm, experiment, terms, wins, known)


def odds_by_arrays(
    worth: Worth,
    arm: NDArray[np.int8],
    experiment: ArmShares,
    terms: ExplorationTerms,
    wins: Floats | None = None,
    known: Bools | None = None,
) -> Odds:
    """`odds` for any number of decisions, without the short cut for one."""
    in_arm, overall = np.empty(worth.possible.shape), np.empty(worth.possible.shape)
    for start in range(0, len(arm), CHUNK_ROWS):
        rows = slice(start, start + CHUNK_ROWS)
        few = worth.of_rows(rows)
        some = None if wins is None else wins[rows]
        policy = probabilities_by_arrays(few.net_value, few.possible, terms, some)
        in_arm[rows], mixed = _mixed(few, arm[rows], experiment, policy)
        overall[rows] = mixed if known is None else np.where(known[rows, None], mixed, policy)
    return Odds(in_arm, overall)


def _mixed(
    worth: Worth, arm: NDArray[np.int8], experiment: ArmShares, policy: Floats
) -> tuple[Floats, Floats]:
    in_arm, overall = policy.copy(), policy * experiment.shares[POLICY]
    for number, share in enumerate(experiment.shares.tolist()):
        members = arm == number
        if number == POLICY or (share == 0.0 and not members.any()):
            continue
        own = arm_probabilities(number, worth)
        in_arm[members] = own[members]
        overall += share * own
    return in_arm, overall


def _odds_of_one(
    worth: Worth,
    arm: int,
    experiment: ArmShares,
    terms: ExplorationTerms,
    wins: list[float] | None,
    known: bool,
) -> Odds:
    """`odds_by_arrays` for one decision in plain Python, to the same bits."""
    possible: list[bool] = worth.possible[0].tolist()
    policy = row_probabilities(worth.net_value[0].tolist(), possible, terms, wins)
    if arm == POLICY and (not known or experiment.is_empty):
        return Odds(np.array([policy]), np.array([policy]))
    shares: list[float] = experiment.shares.tolist()
    each = 1.0 / max(sum(possible), 1)
    sure = {
        CONTROL: len(policy) - 1,
        MODEL_ONLY: best_in(worth.uplift[0].tolist(), possible),
        RULES_ONLY: best_in(worth.lever.tolist(), possible),
    }
    overall = [shares[POLICY] * p for p in policy]
    overall[-1] += shares[CONTROL]
    overall = [p + shares[RANDOM] * each if ok else p for p, ok in zip(overall, possible, strict=True)]
    for number in (MODEL_ONLY, RULES_ONLY):
        if sure[number] != NO_CANDIDATE:
            overall[sure[number]] += shares[number]
    own = policy
    if arm == RANDOM:
        own = [each if ok else 0.0 for ok in possible]
    elif arm != POLICY:
        own = [0.0] * len(policy)
        if sure[arm] != NO_CANDIDATE:
            own[sure[arm]] = 1.0
    return Odds(np.array([own]), np.array([overall if known else policy]))
