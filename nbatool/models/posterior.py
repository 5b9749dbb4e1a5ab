"""What is believed of every candidate between two trainings: Bayesian linear regression on the encoded context.

A coefficient vector per arm with a normal prior N(0, σ² · R ⊗ diag(variance)): R, the prior correlation between arms,
lets them share strength; σ² is unknown with an inverse-gamma prior (Bishop 2006, 2.3.6 and 3.3). One closed outcome
is a rank-one update. All sums are made element by element in a fixed order, so that one row has the bits a million
rows have and a replay has the bits of the first run.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nbatool.models.arm_similarity import Arm
from nbatool.models.optimism import levels
from nbatool.models.posterior_uplifts import fill_uplift_table, uplift_roots, uplift_variances
from nbatool.models.symmetric import coupled, inverse, kronecker_diagonal, pairs_of
from nbatool.models.table import FloatArray, IntArray

PRIOR_COUNT = 4.0
"""Outcomes the first guess of the noise is worth."""
DECAY_AT = 0.99
"""Old outcomes are made lighter when they should count this much; until then new ones count the more for it."""
CELLS = 1 << 16
"""Numbers of one intermediate product at most, so that it stays in the processor's cache."""


class Posterior:
    """Belief about m arms on contexts of d coordinates; `update` changes it in place.

    Parameters
    ----------
    arms
        The m candidates, `nothing` among them.
    relation
        float64[m, m]: prior correlation between arms; those connected by it are updated together.
    variance
        float64[d]: prior variance of a coefficient, as a multiple of the noise variance.
    weights
        float64[m, d]: expected coefficients.
    covariance
        Per group of connected arms, float64[g·d, g·d]: covariance of their coefficients over the noise variance.
    noise
        Guessed variance of an outcome around its expectation; (effective outcomes, sum of squares) seen since.
    half_life_s
        Age at which an outcome counts half; None: nothing is forgotten.
    """

    __slots__ = (
        "_count", "_decay", "_diagonal", "_half_life_s", "_noise", "_of_group", "_product", "_squares", "_stale", "_uplifts",
        "_uplifts_known", "arms", "covariance", "groups", "relation", "variance", "weights",
    )  # fmt: skip

    def __init__(
        self,
        arms: Sequence[Arm],
        relation: FloatArray,
        variance: FloatArray,
        weights: FloatArray,
        covariance: Sequence[FloatArray],
        *,
        noise: tuple[float, float, float],
        half_life_s: float | None,
        decay: float = 1.0,
    ) -> None:
        self.arms = tuple(arms)
        self.relation, self.variance, self.weights = relation, variance, weights
        self.groups: tuple[IntArray, ...] = coupled(relation)
        self.covariance = list(covariance)
        self._noise, self._count, self._squares = noise
        self._half_life_s, self._decay = half_life_s, decay
        self._of_group = {int(a): (g, k) for g, group in enumerate(self.groups) for k, a in enumerate(group)}
        self._diagonal: FloatArray | None = None
        self._stale: set[int] = set()
        self._uplifts: FloatArray = np.empty((0, 0))
        self._uplifts_known = False
        self._product: FloatArray = np.empty((0, 0))

    @classmethod
    def start(
        cls,
        arms: Sequence[Arm],
        relation: FloatArray | None,
        variance: FloatArray,
        *,
        noise: float,
        half_life_s: float | None = None,
    ) -> Posterior:
        """Return the belief before any outcome; without a relation every arm learns alone.

        >>> p = Posterior.start([("a", None), ("b", None)], None, np.array([1.0]), noise=2.0)
        >>> error, spread = p.update(np.array([1.0]), 0, 3.0)
        >>> p.mean(np.array([[1.0]])).tolist()
        [[1.5, 0.0]]
        """
        m, d = len(arms), len(variance)
        related = np.eye(m) if relation is None else np.array(relation, dtype=np.float64)
        if related.shape != (m, m) or not noise > 0 or not (variance > 0).all():
            raise ValueError("one row of the relation per arm, and a positive noise and variances are needed")
        covariance = [kronecker_diagonal(related[np.ix_(g, g)], variance) for g in coupled(related)]
        first = (float(noise), 0.0, 0.0)
        return cls(
            arms, related, variance.copy(), np.zeros((m, d)), covariance, noise=first, half_life_s=half_life_s
        )

    @property
    def m(self) -> int:
        return len(self.arms)

    @property
    def d(self) -> int:
        return len(self.variance)

    @property
    def count(self) -> float:
        """Outcomes seen, each by the weight its age leaves it."""
        return self._count * self._decay

    @property
    def noise(self) -> float:
        """Estimated variance of an outcome around its expectation."""
        return (PRIOR_COUNT * self._noise + self._squares) / (PRIOR_COUNT + self._count)

    def mean(self, phi: FloatArray) -> FloatArray:
        """Return float64[n, m]: the expected residual of every arm in contexts float64[n, d]."""
        out = np.empty((len(phi), self.m))
        step = max(CELLS // max(self.m * self.d, 1), 1)
        for i in range(0, len(phi), step):
            block = np.multiply(phi[i : i + step, None, :], self.weights, order="C")
            out[i : i + step] = block.sum(-1)
        return out

    def sd(self, phi: FloatArray) -> FloatArray:
        """Return float64[n, m]: the standard deviation of what `mean` expects (of the expectation, not of an outcome)."""
        own, (i, j) = self._own(), pairs_of(self.d)
        out = np.empty((len(phi), self.m))
        step = max(CELLS // max(self.m * len(i), 1), 1)
        for start in range(0, len(phi), step):
            x = phi[start : start + step]
            pairs = np.multiply(x[:, i], x[:, j], order="C")
            out[start : start + step] = np.multiply(own, pairs[:, None, :], order="C").sum(-1)
        return np.sqrt(np.maximum(out, 0.0) * self.noise)

    def uplift_sd(self, phi: FloatArray, arm: int) -> FloatArray:
        """Return float64[n]: the standard deviation of what an arm is expected to bring beyond the last one, `nothing`."""
        if arm == self.m - 1:
            return np.zeros(len(phi))
        deviation: FloatArray = np.sqrt(self.uplift_variances(phi)[:, arm])
        return deviation

    def uplift_variances(self, phi: FloatArray) -> FloatArray:
        """Return float64[n, m − 1]: the variance of what each arm is expected to bring beyond the last one, `nothing`."""
        return uplift_variances(self._between(), phi, self.m - 1) * self.noise

    def uplift_roots(self, phi: FloatArray) -> FloatArray:
        """Return float64[n, m − 1, m − 1]: the lower Cholesky factor of the covariance of all uplifts in a context.

        Times independent standard normal numbers it gives joint draws of the uplifts around their expectation.
        """
        return uplift_roots(self._between(), phi, self.m - 1, self.noise)

    def optimistic(self, phi: FloatArray, n_draws: int) -> FloatArray:
        """Return float64[n_draws, n, m]: mean + z·sd, z the middle quantiles of |N(0, 1)|, the same for all arms.

        Choosing the best of each is coupled randomised UCB (Vaswani et al. 2020, "Old Dog Learns New Tricks"): it tries
        what may be better and, unlike Thompson sampling, never what is merely uncertain downwards; it needs no random
        numbers. Its probabilities are those of |N(0, 1)| cut into ``n_draws`` equal parts.
        """
        mean, sd = self.mean(phi), self.sd(phi)
        return np.multiply(levels(n_draws)[:, None, None], sd) + mean

    def _between(self) -> FloatArray:
        """float64[m(m − 1)/2, d(d+1)/2]: as `fill_uplift_table` writes it, until something is learned."""
        if not self._uplifts_known:
            if not len(self._uplifts):
                self._uplifts = np.empty((self.m * (self.m - 1) // 2, self.d * (self.d + 1) // 2))
            fill_uplift_table(self._uplifts, self.groups, self.covariance, self.m, self.d)
            self._uplifts_known = True
        return self._uplifts

    def _own(self) -> FloatArray:
        """float64[m, d(d+1)/2]: what each product of two coordinates adds to the variance of every arm."""
        if self._diagonal is None:
            self._diagonal = np.empty((self.m, self.d * (self.d + 1) // 2))
            self._stale = set(range(len(self.groups)))
        while self._stale:
            self._refresh(self._stale.pop())
        return self._diagonal

    def _refresh(self, group: int) -> None:
        """Bring `_own` up to date with one group's covariance."""
        assert self._diagonal is not None
        (i, j), d, members = pairs_of(self.d), self.d, self.groups[group]
        blocks = np.einsum("iaib->iab", self.covariance[group].reshape(len(members), d, len(members), d))
        self._diagonal[members] = blocks[:, i, j] * np.where(i == j, 1.0, 2.0)

    def update(self, phi: FloatArray, arm: int, residual: float, weight: float = 1.0) -> tuple[float, float]:
        """Learn one closed outcome, in O((g·d)²) for an arm of a group of g.

        Parameters
        ----------
        phi
            float64[d]: the context of the decision.
        arm
            Index of the chosen arm.
        residual
            Outcome less the expectation of the model in force, in currency.
        weight
            Outcomes this one counts as, in the belief and in the count of outcomes; its noise variance is σ² over it.

        Returns
        -------
        tuple[float, float]
            How far off the expectation was, and the variance it was to have, over the noise variance.
        """
        d = self.d
        group, k = self._of_group[arm]
        covariance, members = self.covariance[group], self.groups[group]
        # symmetric: the rows serve as columns, and lie together in memory
        column = np.multiply(phi[:, None], covariance[k * d : (k + 1) * d]).sum(0)
        own = max(float((column[k * d : (k + 1) * d] * phi).sum()), 0.0)
        fresh = 1.0 / self._decay
        spread = own + 1.0 / (weight * fresh)
        error = residual - float((self.weights[arm] * phi).sum())
        self.weights[members] += (column * (error / spread)).reshape(len(members), d)
        column /= float(np.sqrt(spread))
        # one buffer, kept: asking the system for megabytes costs more than the product
        if self._product.shape != covariance.shape:
            self._product = np.empty_like(covariance)
        np.multiply(column[:, None], column, out=self._product)
        covariance -= self._product
        self._count += weight * fresh
        self._squares += error * error / spread
        self._stale.add(group)
        self._uplifts_known = False
        return error, spread

    def update_many(
        self, phi: FloatArray, arm: IntArray, residual: FloatArray, weight: FloatArray | None = None
    ) -> None:
        """Learn outcomes one after the other, in the order given: the caller fixes it."""
        for i in range(len(phi)):
            self.update(phi[i], int(arm[i]), float(residual[i]), 1.0 if weight is None else float(weight[i]))

    def forget(self, elapsed_s: float) -> None:
        """Let time pass: outcomes so far count 2^(−elapsed/half-life) of what they did, the prior as before."""
        if self._half_life_s is None or elapsed_s <= 0:
            return
        self._decay *= 2.0 ** (-elapsed_s / self._half_life_s)
        if self._decay > DECAY_AT:
            return
        keep, self._decay = max(self._decay, 1e-12), 1.0
        self._count *= keep
        self._squares *= keep
        self._diagonal, self._uplifts_known = None, False
        for g, members in enumerate(self.groups):
            prior = kronecker_diagonal(inverse(self.relation[np.ix_(members, members)]), 1.0 / self.variance)
            known = inverse(self.covariance[g])
            learned = np.multiply(known, self.weights[members].ravel()).sum(-1) * keep
            self.covariance[g] = inverse(prior + keep * (known - prior))
            means = np.multiply(self.covariance[g], learned).sum(-1)
            self.weights[members] = means.reshape(len(members), self.d)

    def copy(self) -> Posterior:
        """Return an independent copy."""
        return Posterior(
            self.arms, self.relation.copy(), self.variance.copy(), self.weights.copy(),
            [matrix.copy() for matrix in self.covariance], noise=self.noise_state, half_life_s=self._half_life_s,
            decay=self._decay,
        )  # fmt: skip

    @property
    def noise_state(self) -> tuple[float, float, float]:
        """First guess of the noise, weight of the outcomes seen, and their sum of squares."""
        return self._noise, self._count, self._squares

    @property
    def half_life_s(self) -> float | None:
        return self._half_life_s

    @property
    def decay(self) -> float:
        """What outcomes seen count for, since they were last made lighter."""
        return self._decay

    def to_bytes(self) -> bytes:
        """Return it as msgpack of float64 buffers under a checksum."""
        from nbatool.models.posterior_bytes import packed

        return packed(self)

    @classmethod
    def from_bytes(cls, body: bytes) -> Posterior:
        """Return what `to_bytes` made; DataError for anything else."""
        from nbatool.models.posterior_bytes import unpacked

        return unpacked(body)
