"""Small judged logs made in memory, with known chances and truth."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nbatool.measure.judged import Judged
from nbatool.measure.logged import checked_log

MEANS = np.array([[3.0, 1.0, 0.5], [0.0, 2.0, 0.5]])
"""Of each candidate, by kind of customer; the last is nothing."""
CHANCES = np.array([[0.3, 0.3, 0.4], [0.2, 0.6, 0.2]])


def judged_log(
    n: int = 2_000, *, seed: int = 0, customers: int | None = None, chances: NDArray[Any] = CHANCES,
    told: NDArray[Any] | None = None, whole: bool = True,
) -> Judged:  # fmt: skip
    """A log of n decisions; ``told`` are the chances it claims, where they are not those it was made with."""
    random = np.random.default_rng(seed)
    customer = random.integers(customers, size=n) if customers else np.arange(n)
    kind = customer % 2
    action = (random.random(n)[:, None] > np.cumsum(chances[kind], axis=1)).sum(axis=1)
    reward = MEANS[kind, action] + random.normal(size=n)
    claimed = (chances if told is None else told)[kind]
    checked = checked_log(
        action, reward, claimed[np.arange(n), action], customer, 3, possible=np.ones((n, 3), dtype=bool),
        probabilities=claimed if whole else None,
    )  # fmt: skip
    moments = SimpleNamespace(moments=SimpleNamespace(as_of_us=np.arange(n, dtype=np.int64)))
    return Judged(
        checked, (("a", "web"), ("b", "web"), ("nothing", None)), kind[:, None].astype(float)[checked.kept], ("kind",),
        (), cast("Any", moments), np.full(n, None, dtype=object), ("nbatool/v",), None, False, 0,
    )  # fmt: skip


def kinds(judged: Judged) -> NDArray[np.int64]:
    return judged.x[:, 0].astype(np.int64)


def truth(judged: Judged, policy: NDArray[Any]) -> float:
    """The value of a policy (n, 3) or (n,) at the judged decisions."""
    means = MEANS[kinds(judged)]
    if policy.ndim == 1:
        return float(means[np.arange(len(means)), policy].mean())
    return float((means * policy).sum(axis=1).mean())
