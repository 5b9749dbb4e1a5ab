r"""The outcome model of direct and doubly robust estimates: :math:`\hat q(x, a)`, every customer predicted by others.

Per action a mean, shrunk towards the mean of all; what is left is learned from context and action together by one
small booster on squared errors, which serves 0/1, counts and money alike. It need not be good: the doubly robust
estimate is right with a bad one, and a better one narrows its interval. Learned from at most 200,000 decisions a fold
and predicted candidate by candidate in chunks, so that a million decisions × 20 candidates stay within seconds and
memory.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from nbatool.measure.logged import LoggedBandit
from nbatool.models.booster import Booster
from nbatool.models.fit import fit_booster
from nbatool.models.splits import all_customer_folds, customer_part
from nbatool.models.table import FloatArray, IntArray, Table, row_order

MOST_ROWS = 200_000
_FOLDS = 3
_CHUNK = 65_536
_SMALL = {"num_leaves": 15, "learning_rate": 0.1, "num_iterations": 100, "lambda_l2": 20.0}
_STOP_PARTS = 5
_MIN_STOP_ROWS = 100


@dataclass(frozen=True, slots=True)
class DirectModel:
    """Parameters
    ----------
    q_hat
        float64[n, m]: expected outcome of each candidate at each row, from models of other customers.
    r2
        Share of the logged outcomes' variance it explains; 0 or less: no better than their mean.
    r2_means
        The same of the shrunken means of the actions alone.
    trees
        Trees of each fold's booster.
    """

    q_hat: FloatArray
    r2: float
    r2_means: float
    trees: tuple[int, ...]


def direct_model(
    log: LoggedBandit,
    x: FloatArray,
    *,
    names: tuple[str, ...] | None = None,
    categorical: tuple[str, ...] = (),
    seed: int = 0,
    threads: int | None = None,
    most_rows: int = MOST_ROWS,
) -> DirectModel:
    """Fit expected outcomes of every candidate, cross-fitted by customer.

    Parameters
    ----------
    log
        The logged decisions; its probabilities are not used.
    x
        float64[n, d]: what was known at each decision; NaN is null.
    names, categorical
        Of the columns; categorical ones hold codes 0, 1, …
    threads
        Default: up to two. No influence on the result.
    most_rows
        A fold learns from whole customers with about this many decisions.
    """
    n, m = len(log), log.n_actions
    threads = threads or min(2, os.cpu_count() or 1)
    columns = names or tuple(f"x{at}" for at in range(x.shape[1]))
    q_hat, means_hat = np.zeros((n, m)), np.zeros(n)
    trees = []
    for number, fold in enumerate(all_customer_folds(log.customer, seed, "measure/direct", _FOLDS)):
        if not len(fold.fit) or not len(fold.predict):
            continue
        means = _shrunken_means(log, fold.fit)
        stream = f"measure/direct/{number}"
        table = _table(log, x, means, _sample(log, fold.fit, seed, stream, most_rows), columns, categorical)
        stop = customer_part(table.customer, seed, f"{stream}/stop", _STOP_PARTS) == 0
        # too few to stop by: a fixed handful of trees instead
        few = stop.sum() < _MIN_STOP_ROWS
        settings = {**_SMALL, "num_iterations": 10} if few else _SMALL
        fitted = fit_booster(
            table if few else table.take(~stop),
            "regression",
            valid=None if few else table.take(stop),
            params=settings,
            seed=seed,
            threads=threads,
        )
        trees.append(fitted.best_iteration)
        low, high = float(log.reward[fold.fit].min()), float(log.reward[fold.fit].max())
        booster = Booster.from_text(fitted.text)
        _predict(booster, x, means, fold.predict, q_hat, threads)
        booster.close()
        q_hat[fold.predict] = np.clip(q_hat[fold.predict], low, high)
        means_hat[fold.predict] = means[log.action[fold.predict]]
    logged = q_hat[np.arange(n), log.action]
    return DirectModel(q_hat, _r2(log, logged), _r2(log, means_hat), tuple(trees))


def _shrunken_means(log: LoggedBandit, rows: IntArray) -> FloatArray:
    """float64[m]: mean outcome of each action, pulled to the mean of all the more the fewer rows it has.

    An action of n rows keeps n / (n + σ²/τ²), σ² the variance within and τ² that between actions (Morris 1983).
    """
    w, r, a = log.weight[rows], log.reward[rows], log.action[rows]
    mass = np.bincount(a, w, log.n_actions)
    overall = float((w * r).sum() / max(w.sum(), 1e-300))
    mean = np.where(mass > 0, np.bincount(a, w * r, log.n_actions) / np.maximum(mass, 1e-300), overall)
    within = float((w * (r - mean[a]) ** 2).sum() / max(w.sum(), 1e-300))
    tried = mass > 0
    noise = float((within / mass[tried]).mean()) if tried.any() else 0.0
    between = max(float(((mean[tried] - overall) ** 2).mean()) - noise, 0.0) if tried.any() else 0.0
    keep = mass * between / np.maximum(mass * between + within, 1e-300)
    return np.where(tried & (within > 0), overall + keep * (mean - overall), mean)


def _sample(log: LoggedBandit, rows: IntArray, seed: int, stream: str, most_rows: int) -> IntArray:
    parts = -(-len(rows) // most_rows)
    return rows if parts <= 1 else rows[customer_part(log.customer[rows], seed, stream, parts) == 0]


def _table(
    log: LoggedBandit,
    x: FloatArray,
    means: FloatArray,
    rows: IntArray,
    names: tuple[str, ...],
    categorical: tuple[str, ...],
) -> Table:
    action = log.action[rows]
    table = Table(
        x=np.column_stack([x[rows], action, means[action]]),
        names=(*names, "action", "mean of the action"),
        categorical=(*categorical, "action"),
        y=log.reward[rows] - means[action],
        weight=log.weight[rows],
        customer=log.customer[rows],
        as_of_us=np.zeros(len(rows), dtype=np.int64),
    )
    return table.take(row_order(table))


def _predict(
    booster: Booster, x: FloatArray, means: FloatArray, rows: IntArray, q_hat: FloatArray, threads: int
) -> None:
    d = x.shape[1]
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        inputs = np.empty((len(chunk), d + 2))
        inputs[:, :d] = x[chunk]
        for action, mean in enumerate(means.tolist()):
            inputs[:, d], inputs[:, d + 1] = action, mean
            q_hat[chunk, action] = mean + booster.predict_raw(inputs, threads)


def _r2(log: LoggedBandit, predicted: FloatArray) -> float:
    total = float(log.weight.sum())
    if total <= 0:
        return 0.0
    mean = float((log.weight * log.reward).sum()) / total
    spread = float((log.weight * (log.reward - mean) ** 2).sum())
    return 1 - float((log.weight * (log.reward - predicted) ** 2).sum()) / spread if spread > 0 else 0.0
