"""A learner for a log without history: it decides from the first outcome on, and refits as the log grows.

Between refits it is a `Posterior` on the encoded context, moved by every outcome. A refit (after 8
outcomes, then ever a fourth more) does from the log what a night does from the warehouse: fit the encoder, draw landmarks for curves,
ask the evidence how strong the prior should be, and put the outcomes in again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nbatool.base.seeds import generator
from nbatool.models.arm_similarity import Arm
from nbatool.models.context_encoder import ContextEncoder, Value, as_number, as_text
from nbatool.models.evidence import Moments, neighbours, scale_penalty, solved
from nbatool.models.kernel_features import KernelFeatures
from nbatool.models.posterior import Posterior
from nbatool.models.posterior_prior import BIAS, LINEAR
from nbatool.models.table import FloatArray

CURVES = 1.0
"""Prior variance of all curves together, over the noise."""
WIDTH = 0.5
"""Width of the kernel, in median distances between contexts."""
LANDMARKS = 150
FIRST_REFIT, GROWTH = 8, 1.25


@dataclass
class _Log:
    """Outcomes so far, in the order they came."""

    numbers: list[list[float]]
    texts: list[list[str | None]]
    arm: list[int]
    outcome: list[float]


class FastLearner:
    """Learns which arm brings what, from nothing.

    Parameters
    ----------
    arms
        The m candidates.
    numbers, texts
        Names of the context's columns.
    seed
        Of the landmarks.

    >>> learner = FastLearner([("a", None), ("b", None)], ["x"], [])
    >>> for i in range(40):
    ...     learner.learn({"x": i % 2}, 0, float(i % 2))
    >>> learner.expected({"x": 1.0}).round(1).tolist()[0] > 0.8
    True
    """

    def __init__(
        self, arms: Sequence[Arm], numbers: Sequence[str], texts: Sequence[str], *, seed: int = 0
    ) -> None:
        self.arms = tuple(arms)
        self.encoder = ContextEncoder.unfitted(numbers, texts)
        self.curves: KernelFeatures | None = None
        self.scales = (1.0, 1.0)
        self.centre = 0.0
        # until the first refit nothing is known of the outcome's size; all that counts is which arm had the better ones
        self._seed = seed
        self._log = _Log([], [], [], [])
        self._next = FIRST_REFIT
        variance = _variance(self.encoder.d, 0, self.scales)
        self.posterior = Posterior.start(self.arms, None, variance, noise=1.0)

    def see(self, context: Mapping[str, Value]) -> FloatArray:
        """Return float64[1, t]: the context as the posterior sees it until the next refit."""
        return self._features(self.encoder.encode_one(context)[None])

    def expected(self, context: Mapping[str, Value]) -> FloatArray:
        """Return float64[m]: every arm's expected outcome."""
        return np.asarray(self.centre + self.posterior.mean(self.see(context))[0])

    def optimistic(self, context: Mapping[str, Value], n_draws: int) -> FloatArray:
        """Return float64[n_draws, 1, m], as `Posterior.optimistic`."""
        return self.centre + self.posterior.optimistic(self.see(context), n_draws)

    def learn(
        self, context: Mapping[str, Value], arm: int, outcome: float, seen: FloatArray | None = None
    ) -> None:
        """Take the outcome of one decision, as they close; ``seen`` spares seeing a context again that `see` just saw."""
        log = self._log
        log.numbers.append([as_number(context.get(name)) for name in self.encoder.number_names])
        log.texts.append([as_text(context.get(name)) for name in self.encoder.text_names])
        log.arm.append(arm)
        log.outcome.append(outcome)
        if len(log.arm) >= self._next:
            self._refit()
            self._next = int(len(log.arm) * GROWTH) + 1
        else:
            phi = self.see(context) if seen is None else seen
            self.posterior.update(phi[0], arm, outcome - self.centre)

    def _features(self, phi: FloatArray) -> FloatArray:
        return phi if self.curves is None else np.hstack([phi, self.curves.of(phi[:, 1:])])

    def _refit(self) -> None:
        log, n, m = self._log, len(self._log.arm), len(self.arms)
        arm, y = np.array(log.arm, dtype=np.int64), np.array(log.outcome)
        phi = self._encoded()
        self.curves = None
        if phi.shape[1] > 1:
            rng = generator(self._seed, f"landmarks {n}")
            self.curves = KernelFeatures.fit(phi[:, 1:], LANDMARKS, WIDTH, rng)
        self.centre = origin(y)
        y = y - self.centre
        noise = _within(arm, y, m)
        moments = Moments.of(self._features(phi), arm, y, np.ones(n), m)
        k = self.curves.k if self.curves else 0
        size = max(float((phi[:, 1:] ** 2).sum(1).mean()), 1e-6)
        linear, curved = self.scales
        beside = [(a, curved) for a in neighbours(linear)] + [(linear, b) for b in neighbours(curved) if k]
        found = {
            scales: solved(moments, _variance(phi.shape[1], k, scales, size), noise)
            for scales in dict.fromkeys(beside)
        }
        self.scales = max(found, key=lambda scales: found[scales].evidence - scale_penalty(scales))
        best = found[self.scales]
        self.posterior = Posterior(
            self.arms, np.eye(m), best.spread**2, *best.coefficients(),
            noise=(noise, float(n), best.squares), half_life_s=None,
        )  # fmt: skip

    def _encoded(self) -> FloatArray:
        """Fit the encoder on the log and return float64[n, d]."""
        names, texts = self.encoder.number_names, self.encoder.text_names
        n = len(self._log.arm)
        numbers = np.array(self._log.numbers, dtype=np.float64).reshape(n, len(names))
        columns = {name: numbers[:, j] for j, name in enumerate(names)}
        words = {name: [row[j] for row in self._log.texts] for j, name in enumerate(texts)}
        self.encoder = ContextEncoder.fit(columns, words, most_categories=20, least_rows=2)
        return self.encoder.encode(columns, words)


def origin(y: FloatArray) -> float:
    """Return what an arm is expected to bring where nothing is known: about the least outcome.

    The mean would be far too much: it is that of arms chosen because they were good here.

    >>> origin(np.array([0.0, 1.0, 1.0, 1.0]))
    0.0
    """
    return float(max(y.min(), y.mean() - 4.0 * y.std()))


def _variance(d: int, k: int, scales: tuple[float, float], size: float | None = None) -> FloatArray:
    """float64[d + k]: of the constant, of the context's coordinates, of the curves.

    ``size`` is the mean square length of contexts (of d − 1 standardised numbers: d − 1).
    """
    linear = np.full(d - 1, scales[0] * LINEAR / (size or max(d - 1, 1)))
    return np.concatenate([[BIAS], linear, np.full(k, scales[1] * CURVES)])


def _within(arm: np.ndarray, y: FloatArray, m: int) -> float:
    """Variance of outcomes around their arm's mean; that of all while no arm has two, and never nothing."""
    count = np.maximum(np.bincount(arm, minlength=m), 1)
    rest = y - (np.bincount(arm, weights=y, minlength=m) / count)[arm]
    free = len(y) - len(np.unique(arm))
    found = float((rest * rest).sum()) / free if free > 0 else 0.0
    return max(found, float((y * y).mean()) * 0.1, 1e-12)
