"""A belief about other arms than it was learned for: the catalogue changed since."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nbatool.models.candidates import Candidate
from nbatool.models.posterior import Posterior
from nbatool.models.symmetric import coupled, kronecker_diagonal


def fitted(posterior: Posterior | None, arms: Sequence[Candidate]) -> Posterior | None:
    """Return a belief about these arms, in their order: the catalogue may have changed since it was published.

    Of arms that stay everything believed is kept: a part of a normal distribution is one. Of new ones nothing is known
    beyond what models expect; `nbatool score` lets them start from their relatives.
    """
    if posterior is None or posterior.arms == tuple(arms):
        return posterior
    d, at, place = posterior.d, np.arange(posterior.d), {arm: k for k, arm in enumerate(posterior.arms)}
    kept = np.array([k for k, arm in enumerate(arms) if arm in place], dtype=np.int64)
    before = np.array([place[arms[k]] for k in kept], dtype=np.int64)
    relation, weights = np.eye(len(arms)), np.zeros((len(arms), d))
    relation[np.ix_(kept, kept)] = posterior.relation[np.ix_(before, before)]
    weights[kept] = posterior.weights[before]
    whole = kronecker_diagonal(relation, posterior.variance).reshape(len(arms), d, len(arms), d)
    old = np.zeros((posterior.m, d, posterior.m, d))
    for group, covariance in zip(posterior.groups, posterior.covariance, strict=True):
        old[np.ix_(group, at, group, at)] = covariance.reshape(len(group), d, len(group), d)
    whole[np.ix_(kept, at, kept, at)] = old[np.ix_(before, at, before, at)]
    parts = [
        whole[np.ix_(group, at, group, at)].reshape(len(group) * d, len(group) * d)
        for group in coupled(relation)
    ]
    return Posterior(
        arms, relation, posterior.variance.copy(), weights, parts, noise=posterior.noise_state,
        half_life_s=posterior.half_life_s, decay=posterior.decay,
    )  # fmt: skip
