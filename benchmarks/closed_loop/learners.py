"""Policies that learn, as plainly as they come: a nightly-retrained greedy model, and linear Thompson sampling."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.closed_loop.plain import Lottery
from benchmarks.closed_loop.trial import N_ARMS, Closed
from nbatool.base.seeds import generator
from nbatool.world.latent import Floats, Ints

GREEDY_SETTINGS: dict[str, Any] = {
    "objective": "regression", "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 30, "lambda_l2": 5.0,
    "feature_fraction": 0.7, "num_threads": 1, "verbosity": -1, "seed": 1,
}  # fmt: skip
GREEDY_TREES = 200


@dataclass
class GreedyModel(Lottery):
    """An S-learner on everything closed, trained again every night; no exploration.

    By lot until the first windows have closed: without any data there is nothing to be greedy about.
    """

    x: list[Floats] = field(default_factory=list)
    reward: list[Floats] = field(default_factory=list)

    def choose(self, day: int, x: Floats, net: Floats) -> tuple[Ints, Floats]:
        if not self.x:
            return super().choose(day, x, net)
        import lightgbm

        rows = np.vstack(self.x)
        data = lightgbm.Dataset(
            rows, np.concatenate(self.reward), categorical_feature=[rows.shape[1] - 1], params=GREEDY_SETTINGS
        )
        model = lightgbm.train(GREEDY_SETTINGS, data, GREEDY_TREES)
        expected = [
            model.predict(np.column_stack([x, np.full(len(x), arm)]), num_threads=1) for arm in range(N_ARMS)
        ]
        return np.column_stack(expected).argmax(axis=1), np.ones(len(x))

    def learn(self, closed: Closed) -> None:
        self.x.append(np.column_stack([closed.x, closed.arm]))
        self.reward.append(closed.reward)


@dataclass
class LinearThompson(Lottery):
    """One Bayesian linear model per arm on standardised columns, ridge 1, noise variance as seen so far.

    What a plain model without trees, sharing or forgetting reaches: the world must be learnable for it.
    """

    precision: Floats | None = None
    moment: Floats | None = None
    centre: Floats | None = None
    scale: Floats | None = None
    residual: float = 0.0
    count: float = 1.0

    def choose(self, day: int, x: Floats, net: Floats) -> tuple[Ints, Floats]:  # noqa: ARG002
        if self.centre is None:
            self.centre, self.scale = x.mean(axis=0), x.std(axis=0) + 1e-6
            d = x.shape[1] + 1
            self.precision, self.moment = np.tile(np.eye(d), (N_ARMS, 1, 1)), np.zeros((N_ARMS, d))
        assert self.precision is not None
        assert self.moment is not None
        phi = self._phi(x)
        rng = generator(self.seed, f"thompson/{day}")
        sd = np.sqrt(max(self.residual / self.count, 1.0))
        drawn = np.empty((len(x), N_ARMS))
        for arm in range(N_ARMS):
            covariance = np.linalg.inv(self.precision[arm])
            mean = covariance @ self.moment[arm]
            spread = np.sqrt(np.einsum("nd,de,ne->n", phi, covariance, phi))
            drawn[:, arm] = phi @ mean + sd * spread * rng.standard_normal(len(x))
        return drawn.argmax(axis=1), np.full(len(x), np.nan)

    def learn(self, closed: Closed) -> None:
        assert self.precision is not None
        assert self.moment is not None
        phi = self._phi(closed.x)
        for arm in np.unique(closed.arm):
            rows = phi[closed.arm == arm]
            reward = closed.reward[closed.arm == arm]
            fitted = rows @ np.linalg.solve(self.precision[arm], self.moment[arm])
            self.residual += float(((reward - fitted) ** 2).sum())
            self.count += len(reward)
            self.precision[arm] += rows.T @ rows
            self.moment[arm] += rows.T @ reward

    def _phi(self, x: Floats) -> Floats:
        assert self.centre is not None
        assert self.scale is not None
        return np.column_stack([np.ones(len(x)), (x - self.centre) / self.scale])
