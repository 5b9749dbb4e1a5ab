r"""What half-lives make of later decisions: a ridge regression on the decisions closed before, block after block.

The last decisions are cut into blocks of time. For each block and each half-life h a linear model of what was done, of
the customer, and of both together is fitted on the decisions whose windows had closed before the block began,

.. math:: \hat\theta = \arg\min_\theta \sum_i w_i\, 2^{-\text{age}_i / h} (y_i - \theta \cdot \varphi_i)^2 + \lambda |\theta|^2

and judged by its squared error on the block. What moved all outcomes of a block alike is taken out first: it says
nothing about whom to send what. The decisions are summed by short periods once, so that a fit costs a small solve.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from nbatool.base.clock import US_PER_S
from nbatool.models.balancing import standard_columns
from nbatool.models.logged import Logged
from nbatool.models.splits import customer_part
from nbatool.models.table import FloatArray, IntArray, Table

MOST_ROWS = 20_000
LEAST_ROWS, LEAST_CLOSED = 1_000, 300
JUDGED_SHARE, N_BLOCKS = 0.3, 10
LEAST_BLOCKS, LEAST_PARTS = 5, 10
"""With fewer blocks of time (mailings in waves), parts of the customers are the blocks."""
RIDGE = 25.0
MOST_MAIN, MOST_PARAMETERS, MOST_ARMS = 30, 150, 12
N_PERIODS, N_QUARTERS = 48, 4


@dataclass(frozen=True)
class _Decisions:
    """Decisions in the order of their times; the first ``n_earlier`` are never judged."""

    z: FloatArray
    arm: IntArray
    y: FloatArray
    weight: FloatArray
    as_of_us: IntArray
    customer: IntArray
    n_earlier: int


def later_losses(
    logged: Logged, n_candidate: int, half_lives: Sequence[float], *, window_s: int, seed: int
) -> FloatArray | None:
    """Return the loss of each half-life on each block of later decisions, (n_half_lives, n_blocks); None: too few.

    Parameters
    ----------
    half_lives
        In seconds; infinite: nothing is forgotten.
    n_candidate, window_s
        As `choose_half_life` takes them.
    """
    found = _decisions(logged, n_candidate, seed)
    if found is None:
        return None
    starts = _block_starts(found)
    closed = np.searchsorted(found.as_of_us, found.as_of_us[starts] - window_s * US_PER_S, side="right")
    starts, closed = starts[closed >= LEAST_CLOSED], closed[closed >= LEAST_CLOSED]
    if not len(starts):
        return None
    phi = _phi(found)
    sums = _Sums.of(phi, found, closed)
    parts = 1 if len(starts) >= LEAST_BLOCKS else -(-LEAST_PARTS // len(starts))
    of_customer = customer_part(found.customer, seed, "half-life", parts)
    losses = []
    for start, end, n_closed in zip(starts, [*starts[1:], len(found.y)], closed, strict=True):
        rows = slice(int(start), int(end))
        theta = np.stack([sums.ridge(int(n_closed), half_life) for half_life in half_lives], axis=1)
        losses.append(_block_losses(found, phi[rows] @ theta, rows, of_customer[rows], parts))
    every = np.concatenate(losses, axis=1)
    return every[:, np.isfinite(every).all(axis=0)] if np.isfinite(every).all(axis=0).any() else None


def _decisions(logged: Logged, n_candidate: int, seed: int) -> _Decisions | None:
    """A sample of whole customers, by time."""
    table = logged.table
    parts = -(-len(table) // MOST_ROWS)
    sampled = customer_part(table.customer, seed, "half-life sample", max(parts, 1)) == 0
    # What a person let wait is left out: its outcome came later than those of the decisions beside it.
    rows = np.flatnonzero(sampled & (table.begins_us() == table.as_of_us))
    if len(rows) < LEAST_ROWS:
        return None
    rows = rows[np.argsort(table.as_of_us[rows], kind="stable")]
    width = table.x.shape[1] - n_candidate
    names = table.names[:width]
    known = replace(
        table.take(rows), x=table.x[rows, :width], names=names,
        categorical=tuple(name for name in table.categorical if name in names),
    )  # fmt: skip
    as_of_us = table.as_of_us[rows]
    judged_us = as_of_us[int((1 - JUDGED_SHARE) * len(rows))]
    return _Decisions(
        _columns(known), _usual(logged.arms()[rows]), known.y, known.weights(), as_of_us, known.customer,
        int(np.searchsorted(as_of_us, judged_us, side="left")),
    )  # fmt: skip


def _columns(known: Table) -> FloatArray:
    return standard_columns(known)[0] if known.x.shape[1] else np.zeros((len(known), 0))


def _usual(arm: IntArray) -> IntArray:
    """Number what was done, most often first; what is rare stands together."""
    codes, counts = np.unique(arm, return_counts=True)
    place = np.empty(len(codes), dtype=np.int64)
    place[np.argsort(-counts, kind="stable")] = np.arange(len(codes))
    return np.minimum(place, MOST_ARMS - 1)[np.searchsorted(codes, arm)]


def _block_starts(found: _Decisions) -> IntArray:
    """First positions of the blocks; decisions of one moment stay together."""
    n = len(found.y)
    wanted = np.linspace(found.n_earlier, n, N_BLOCKS, endpoint=False).astype(np.int64)
    return np.unique(np.searchsorted(found.as_of_us, found.as_of_us[wanted], side="left"))


def _phi(found: _Decisions) -> FloatArray:
    """Constant, columns of the customer, what was done, and what was done times the columns it depends on most."""
    n_arms = int(found.arm.max()) + 1
    alone, together = _strength(found, n_arms)
    main = np.sort(np.argsort(-alone, kind="stable")[:MOST_MAIN])
    room = max((MOST_PARAMETERS - 1 - len(main)) // n_arms - 1, 0)
    crossed = np.sort(np.argsort(-together, kind="stable")[: min(room, MOST_MAIN)])
    n = len(found.y)
    done = np.zeros((n, n_arms))
    done[np.arange(n), found.arm] = 1.0
    products = (done[:, :, None] * found.z[:, None, crossed]).reshape(n, -1)
    return np.concatenate([np.ones((n, 1)), found.z[:, main], done, products], axis=1)


def _strength(found: _Decisions, n_arms: int) -> tuple[FloatArray, FloatArray]:
    """How much each column says, and how much more of one action than of another, by quarters of the earlier decisions:

    a world that turned around within them must not look as if nothing had been there.
    """
    alone, together = np.zeros(found.z.shape[1]), np.zeros(found.z.shape[1])
    for quarter in np.array_split(np.arange(found.n_earlier), N_QUARTERS):
        z, y, w, arm = found.z[quarter], found.y[quarter], found.weight[quarter], found.arm[quarter]
        mass = np.bincount(arm, w, minlength=n_arms)
        rest = w * (y - (np.bincount(arm, w * y, minlength=n_arms) / np.maximum(mass, 1e-300))[arm])
        cross = np.stack([rest[arm == a] @ z[arm == a] for a in range(n_arms)])
        square = np.stack([w[arm == a] @ z[arm == a] ** 2 for a in range(n_arms)])
        common = cross.sum(0) / np.maximum(square.sum(0), 1e-9)
        alone += common * cross.sum(0)
        together += (square * (cross / np.maximum(square, 1e-9) - common) ** 2).sum(0)
    return alone, together


@dataclass(frozen=True)
class _Sums:
    """Weighted products of short periods, (n_periods, d, d) and (n_periods, d); where each ends and its mean time."""

    gram: FloatArray
    cross: FloatArray
    end: IntArray
    mean_us: FloatArray

    @classmethod
    def of(cls, phi: FloatArray, found: _Decisions, closed: IntArray) -> _Sums:
        last = int(closed.max())
        even = np.linspace(0, last, N_PERIODS + 1).astype(np.int64)
        edges = np.unique(np.concatenate([even, closed, [0]]))
        gram, cross, mean_us = [], [], []
        for first, end in pairwise(edges.tolist()):
            x = phi[first:end] * found.weight[first:end, None]
            gram.append(x.T @ phi[first:end])
            cross.append(x.T @ found.y[first:end])
            mean_us.append(float(found.as_of_us[first:end].mean()))
        return cls(np.array(gram), np.array(cross), edges[1:], np.array(mean_us))

    def ridge(self, n_closed: int, half_life: float) -> FloatArray:
        """Return the coefficients from the first ``n_closed`` decisions, the newest period counting 1."""
        usable = int(np.searchsorted(self.end, n_closed, side="right"))
        age_s = (self.mean_us[usable - 1] - self.mean_us[:usable]) / US_PER_S
        weight = np.ones(usable) if math.isinf(half_life) else np.exp2(-age_s / half_life)
        gram = np.tensordot(weight, self.gram[:usable], axes=1)
        penalty = np.full(len(gram), RIDGE)
        penalty[0] = 1e-9 * max(float(gram[0, 0]), 1.0)
        return np.asarray(np.linalg.solve(gram + np.diag(penalty), weight @ self.cross[:usable]))


def _block_losses(
    found: _Decisions, predicted: FloatArray, rows: slice, part: IntArray, n_parts: int
) -> FloatArray:
    """Weighted mean squared error of each half-life among each part of a block's customers, (n_half_lives, n_parts)."""
    weight = found.weight[rows]
    rest = found.y[rows, None] - predicted
    total = max(float(weight.sum()), 1e-300)
    rest = rest - (weight[:, None] * rest).sum(0) / total
    mass = np.bincount(part, weight, minlength=n_parts)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.stack(
            [
                np.bincount(part, weight * rest[:, k] ** 2, minlength=n_parts) / mass
                for k in range(rest.shape[1])
            ]
        )
