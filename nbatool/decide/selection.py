"""From money to a choice: the chance of every candidate within the customer's arm and over all arms, and the draw."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbatool.decide.arm_probabilities import Worth
from nbatool.decide.arms import NO_EXPERIMENT, POLICY, ArmShares, arms_of
from nbatool.decide.best import Floats, Indices
from nbatool.decide.exploration import GREEDY, ExplorationTerms, explored_of, probabilities, sample, uniforms
from nbatool.decide.exploration_terms import BY_DRAWS
from nbatool.decide.learned import Beliefs
from nbatool.decide.odds import odds
from nbatool.decide.subjects import Subjects


@dataclass(frozen=True)
class Practice:
    """How a policy is put into practice: how much it explores, and who is kept apart to measure it."""

    terms: ExplorationTerms = GREEDY
    experiment: ArmShares = NO_EXPERIMENT
    apprentice: bool = False
    """Answer with the caller's own choice, and only learn."""

    @property
    def has_arms(self) -> bool:
        return self.experiment.control > 0.0 or self.experiment.component_arms > 0.0


GREEDY_PRACTICE = Practice()
"""The best candidate for everybody."""


@dataclass(frozen=True)
class Selection:
    """What was chosen and with which chance.

    Parameters
    ----------
    arm
        (n,) index in `arms.ARMS`.
    in_arm, overall
        (n, m) probabilities within the arm, and over all arms by their shares.
    chosen
        (n,) index of the candidate.
    """

    arm: NDArray[np.int8]
    in_arm: Floats
    overall: Floats
    chosen: Indices

    def arrays(self) -> tuple[NDArray[Any], ...]:
        return self.arm, self.in_arm, self.overall, self.chosen


def select(
    worth: Worth, practice: Practice, subjects: Subjects | None, beliefs: Beliefs | None = None
) -> Selection:
    """Choose for n subjects.

    Parameters
    ----------
    subjects
        Who they are; None: nobody in particular, so that the best candidate is taken and no arm applies.
    beliefs
        What Thompson sampling draws from.

    Raises
    ------
    ValueError
        Thompson sampling without beliefs.
    """
    if subjects is None:
        return _selected(worth, replace(practice, terms=GREEDY), None, None)
    terms, wins = practice.terms, None
    if terms.method in BY_DRAWS and beliefs is not None:
        explored = explored_of(worth.net_value, worth.possible, terms)
        wins = beliefs.winning_shares(worth.net_value, explored, worth.lever, terms)
    return _selected(worth, practice, subjects, wins)


def _selected(worth: Worth, practice: Practice, subjects: Subjects | None, wins: Floats | None) -> Selection:
    n = len(worth.net_value)
    if subjects is None or not practice.has_arms:
        chance = probabilities(worth.net_value, worth.possible, practice.terms, wins)
        u = np.zeros(n) if subjects is None else _uniforms(subjects, practice)
        return Selection(np.full(n, POLICY, dtype=np.int8), chance, chance, sample(chance, u))
    arm = arms_of(subjects.customer_ids, practice.experiment)
    known = np.array([i is not None for i in subjects.customer_ids], dtype=np.bool_)
    found = odds(worth, arm, practice.experiment, practice.terms, wins, known)
    return Selection(arm, found.in_arm, found.overall, sample(found.in_arm, uniforms(subjects.decision_ids)))


def _uniforms(subjects: Subjects, practice: Practice) -> Floats:
    """Numbers to draw with; where the best is always taken any number gives it, and a night has a million."""
    return np.zeros(len(subjects)) if practice.terms.method == "greedy" else uniforms(subjects.decision_ids)
