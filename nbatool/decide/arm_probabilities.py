"""What each arm of the experiment would choose.

control: `nothing`, even where the catalogue does not allow it. random: every possible candidate alike, `nothing` among
them where it is one. model_only: the highest uplift, `nothing` where none is above 0. rules_only: the highest lever,
the first of equal ones; an offer whose lever is 0 is switched off. `share`, `min_probability` and `max_loss` bind the
policy arm only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbatool.decide.arms import ARMS, CONTROL, MODEL_ONLY, POLICY, RANDOM, ArmShares
from nbatool.decide.best import NO_CANDIDATE, Bools, Floats, best_of
from nbatool.decide.exploration import probabilities
from nbatool.decide.exploration_terms import ExplorationTerms


@dataclass(frozen=True)
class Worth:
    """What the candidates of n decisions are worth, as each arm looks at it; `nothing` is the last column.

    Parameters
    ----------
    net_value, uplift
        (n, m) in currency, 0 for `nothing`.
    lever
        (m,) of each candidate, 0 for `nothing`.
    possible
        (n, m) which candidates survived every step.
    """

    net_value: Floats
    uplift: Floats
    lever: Floats
    possible: Bools

    def of_rows(self, rows: slice) -> Worth:
        return Worth(self.net_value[rows], self.uplift[rows], self.lever, self.possible[rows])


def arm_probabilities(
    arm: int, worth: Worth, terms: ExplorationTerms | None = None, wins: Floats | None = None
) -> Floats:
    """Return the probabilities within one arm.

    Parameters
    ----------
    arm
        Its number in `arms.ARMS`.
    worth
        Of the candidates.
    terms, wins
        For the policy arm, as for `exploration.probabilities`.

    Returns
    -------
    Floats
        (n, m). A row without a possible candidate is all 0, but in control.

    Raises
    ------
    ValueError
        The policy's probabilities are asked for without its terms, or no arm has this number.

    Examples
    --------
    >>> worth = Worth(np.array([[2.0, 0.0]]), np.array([[3.0, 0.0]]), np.array([1.0, 0.0]), np.ones((1, 2), dtype=bool))
    >>> arm_probabilities(RANDOM, worth).tolist(), arm_probabilities(CONTROL, worth).tolist()
    ([[0.5, 0.5]], [[0.0, 1.0]])
    """
    if not 0 <= arm < len(ARMS):
        raise ValueError(f"no arm has the number {arm}")
    if arm == POLICY:
        if terms is None:
            raise ValueError("the policy arm needs the exploration terms")
        return probabilities(worth.net_value, worth.possible, terms, wins)
    if arm == CONTROL:
        silent = np.zeros(worth.possible.shape)
        silent[:, -1] = 1.0
        return silent
    if arm == RANDOM:
        count = worth.possible.sum(axis=1)
        return np.where(worth.possible, 1.0 / np.maximum(count, 1)[:, None], 0.0)
    value = worth.uplift if arm == MODEL_ONLY else np.broadcast_to(worth.lever, worth.possible.shape)
    best = best_of(value, worth.possible)
    result = np.zeros(worth.possible.shape)
    rows = np.flatnonzero(best != NO_CANDIDATE)
    result[rows, best[rows]] = 1.0
    return result


def overall(within: Floats, experiment: ArmShares) -> Floats:
    """Mix the arms' own probabilities (5, n, m), in the order of `arms.ARMS`, by their shares, (n, m).

    >>> overall(np.ones((5, 1, 1)), ArmShares("autumn", control=0.5)).tolist()
    [[1.0]]
    """
    result = np.zeros(within.shape[1:])
    for share, own in zip(experiment.shares.tolist(), within, strict=True):
        result += share * own
    return result
