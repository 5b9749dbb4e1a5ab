"""Curves for a linear learner: how near a context is to contexts seen before (Nyström; Williams & Seeger 2001).

With landmarks Z and k(x, z) = exp(−|x − z|² / 2ℓ²), features L⁻¹ k(Z, x) with L Lᵀ = k(Z, Z) have the kernel as inner
product at the landmarks, so Bayesian linear regression on them is a Gaussian process seen through the landmarks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbatool.models.table import FloatArray

JITTER = 1e-3
"""Added to the kernel's diagonal: landmarks nearer than that are one."""
CELLS = 1 << 16
PAIRS = 500
"""Pairs of contexts from which the typical distance is taken."""


@dataclass(frozen=True, eq=False)
class KernelFeatures:
    """Parameters
    ----------
    landmarks
        float64[k, d]: contexts, without the constant.
    root
        float64[k, k]: L⁻¹.
    width
        ℓ, in the unit of the contexts.
    """

    landmarks: FloatArray
    root: FloatArray
    width: float

    @classmethod
    def fit(
        cls, contexts: FloatArray, n_landmarks: int, width: float, rng: np.random.Generator
    ) -> KernelFeatures:
        """Return features around some of the contexts.

        Parameters
        ----------
        contexts
            float64[n, d], without the constant.
        n_landmarks
            Contexts drawn as landmarks, at most.
        width
            ℓ as a multiple of the median distance between contexts.
        """
        n = len(contexts)
        chosen = np.arange(n) if n <= n_landmarks else np.sort(rng.choice(n, n_landmarks, replace=False))
        landmarks = np.unique(contexts[chosen], axis=0)
        i, j = rng.integers(0, n, (2, PAIRS))
        distance = np.sqrt(((contexts[i] - contexts[j]) ** 2).sum(-1))
        apart = distance[distance > 0]
        absolute = width * (float(np.median(apart)) if len(apart) else 1.0)
        kernel = _kernel(landmarks, landmarks, absolute) + JITTER * np.eye(len(landmarks))
        return cls(landmarks, np.linalg.inv(np.linalg.cholesky(kernel)), absolute)

    @property
    def k(self) -> int:
        return len(self.landmarks)

    def of(self, contexts: FloatArray) -> FloatArray:
        """Return float64[n, k] of contexts float64[n, d]; one row has the bits of many."""
        out = np.empty((len(contexts), self.k))
        step = max(CELLS // max(self.k * max(self.k, contexts.shape[1]), 1), 1)
        for start in range(0, len(contexts), step):
            near = _kernel(contexts[start : start + step], self.landmarks, self.width)
            out[start : start + step] = np.multiply(near[:, None, :], self.root, order="C").sum(-1)
        return out


def _kernel(x: FloatArray, z: FloatArray, width: float) -> FloatArray:
    difference = np.subtract(x[:, None, :], z, order="C")
    np.multiply(difference, difference, out=difference)
    near: FloatArray = np.exp(difference.sum(-1) * (-0.5 / (width * width)))
    return near
