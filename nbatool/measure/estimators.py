r"""What a policy is worth per decision: six estimators of one form.

.. math::
    \hat V = \frac{\sum_i \omega_i b_i}{\sum_i \omega_i} + \frac{\sum_i \omega_i g_i}{\sum_i \omega_i m_i}

with, per row i, a part of the model :math:`b_i`, a correction by what really happened :math:`g_i`, and the mass
:math:`m_i` the correction is divided by. Written that way, values, influences, clustered errors, paired differences,
segments and resamples are computed once for all of them.

=========== ================================= ===================================== ===================
estimator   :math:`b_i`                       :math:`g_i`                           :math:`m_i`
=========== ================================= ===================================== ===================
DM          :math:`\hat q(x_i, \pi)`          0                                     1
IPS         0                                 :math:`w_i r_i`                       1
SNIPS       0                                 :math:`w_i r_i`                       :math:`w_i`
DR          :math:`\hat q(x_i, \pi)`          :math:`w_i (r_i - \hat q_i)`          1
SNDR        :math:`\hat q(x_i, \pi)`          :math:`w_i (r_i - \hat q_i)`          :math:`w_i`
switch-DR   :math:`\hat q(x_i, \pi)`          as DR where :math:`w_i \le \tau`      1
=========== ================================= ===================================== ===================

:math:`w_i = \min\{\pi(a_i \mid x_i) / p_i, \lambda\}`. Self-normalised estimators do not move when a constant is added
to every reward. Sources: Horvitz & Thompson 1952; Swaminathan & Joachims 2015 (self-normalised); Dudík, Langford & Li
2011 (doubly robust); Wang, Agarwal & Dudík 2017 (switch); Su et al. 2020 (clipping inside DR).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nbatool.measure.policy_on_log import PolicyOnLog
from nbatool.models.table import FloatArray


@dataclass(frozen=True, slots=True)
class Parts:
    r"""A value per decision as a mean plus a ratio of means.

    Parameters
    ----------
    base, gain, mass
        float64[n]: :math:`b_i, g_i, m_i`.
    weight
        float64[n]: :math:`\omega_i`.
    """

    base: FloatArray
    gain: FloatArray
    mass: FloatArray
    weight: FloatArray

    def value(self) -> float:
        """Return the estimate; NaN where nothing weighs anything."""
        total, mass = float(self.weight.sum()), float((self.weight * self.mass).sum())
        if total <= 0 or mass <= 0:
            return math.nan
        return float((self.weight * self.base).sum()) / total + float((self.weight * self.gain).sum()) / mass

    def influence(self) -> FloatArray:
        r"""Return float64[n]: how much each row moves the estimate, n times; their sum is 0.

        :math:`\psi_i = \omega_i \bigl[ (b_i - \bar b) / \bar\omega + (g_i - \bar g\, m_i) / \overline{\omega m} \bigr]`,
        :math:`\bar g` the ratio: the delta method. Standard errors are those of the mean of :math:`\psi`, rows of a
        customer added first; the influence of a difference is the difference of the influences.
        """
        w, n = self.weight, len(self.weight)
        total, mass = float(w.sum()), float((w * self.mass).sum())
        if total <= 0 or mass <= 0:
            return np.full(n, math.nan)
        mean = float((w * self.base).sum()) / total
        ratio = float((w * self.gain).sum()) / mass
        return n * w * ((self.base - mean) / total + (self.gain - ratio * self.mass) / mass)


class Estimator(Protocol):
    """What turns a policy laid over a log into a value per decision."""

    @property
    def name(self) -> str:
        """As printed."""

    @property
    def uses_weights(self) -> bool:
        """Whether it leans on the logged probabilities, and so needs effective decisions."""

    def parts(self, on_log: PolicyOnLog) -> Parts:
        """Return the value's parts, row by row."""


@dataclass(frozen=True, slots=True)
class DirectMethod:
    """The outcome model alone: no variance from weights, all the model's bias."""

    name: str = "DM"
    uses_weights: bool = False

    def parts(self, on_log: PolicyOnLog) -> Parts:
        n = len(on_log.weight)
        return Parts(on_log.q_policy, np.zeros(n), np.ones(n), on_log.log.weight)


@dataclass(frozen=True, slots=True)
class InversePropensity:
    r"""Outcomes weighted by how much more often the policy would have done what was done.

    Parameters
    ----------
    clip
        :math:`\lambda`: no weight counts more.
    self_normalised
        Divide by the weights' sum instead of by the number of decisions (SNIPS).
    """

    clip: float = math.inf
    self_normalised: bool = False
    uses_weights: bool = True

    @property
    def name(self) -> str:
        return "SNIPS" if self.self_normalised else "IPS"

    def parts(self, on_log: PolicyOnLog) -> Parts:
        w = np.minimum(on_log.weight, self.clip)
        mass = w if self.self_normalised else np.ones(len(w))
        return Parts(np.zeros(len(w)), w * on_log.log.reward, mass, on_log.log.weight)


@dataclass(frozen=True, slots=True)
class DoublyRobust:
    r"""The outcome model, corrected by its weighted errors on what was done.

    Right if either the model or the probabilities are.

    Parameters
    ----------
    clip
        :math:`\lambda`: no weight counts more; what is cut off is left to the model.
    self_normalised
        Divide the correction by the weights' sum (SNDR).
    switch
        :math:`\tau`: rows of a larger weight are left to the model alone (switch-DR).
    """

    clip: float = math.inf
    self_normalised: bool = False
    switch: float = math.inf
    uses_weights: bool = True

    @property
    def name(self) -> str:
        if math.isfinite(self.switch):
            return "switch-DR"
        return "SNDR" if self.self_normalised else "DR"

    def parts(self, on_log: PolicyOnLog) -> Parts:
        w = np.minimum(np.where(on_log.weight <= self.switch, on_log.weight, 0.0), self.clip)
        mass = w if self.self_normalised else np.ones(len(w))
        gain = w * (on_log.log.reward - on_log.q_logged)
        return Parts(on_log.q_policy, gain, mass, on_log.log.weight)


def all_estimators(
    clip: float = math.inf, switch: float = 20.0, *, estimated: bool = False
) -> tuple[Estimator, ...]:
    """Return DM, IPS, SNIPS, DR, SNDR and switch-DR with one clipping and one switching threshold.

    Parameters
    ----------
    estimated
        The log's probabilities are estimates: their weights do not average 1, which IPS alone takes over into the value
        (84 to 94 % coverage for a nominal 95 % where the others have 91 to 98), so it is left out.

    Examples
    --------
    >>> [one.name for one in all_estimators()]
    ['DM', 'IPS', 'SNIPS', 'DR', 'SNDR', 'switch-DR']
    """
    plain = () if estimated else (InversePropensity(clip),)
    return (
        DirectMethod(),
        *plain,
        InversePropensity(clip, self_normalised=True),
        DoublyRobust(clip),
        DoublyRobust(clip, self_normalised=True),
        DoublyRobust(clip, switch=switch),
    )
