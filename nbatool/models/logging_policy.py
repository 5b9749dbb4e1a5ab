r"""With what chance was what was done done? Probabilities of a log that has none, estimated and marked so.

.. math:: p(a \mid x) \propto \exp(t\, s_a(x) + b_a) \quad\text{over the candidates possible at the row}

with scores s of a multinomial booster that never saw the customer, the temperature t of least log loss, and offsets
b that make every action as probable on average as it was frequent. Where the scores tell no more than the plain
shares, beyond chance, the shares are used: noise must not become weights. The probability of what was done is then
balanced (`balancing`), because too small an estimate weighs too much, and trimmed from below, so that no decision counts
more than 1 / trim times. Balanced weights still do not average exactly 1 for every policy: self-normalised and doubly
robust estimates stand that, plain inverse weighting does not.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbatool.base.seeds import stream_seed
from nbatool.models.balancing import Balanced, balance_actions
from nbatool.models.splits import all_customer_folds, customer_part
from nbatool.models.table import BoolArray, FloatArray, IntArray, Table, row_order

TRIM = 0.01
_MOST_ROWS, _CALIBRATION_ROWS = 60_000, 20_000
_MIN_CASES = 50
_BEYOND_CHANCE = 3.0
_TEMPERATURES = np.array([0.25, 0.4, 0.55, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0])
_ROUNDS, _PATIENCE = 100, 8
_IMPOSSIBLE = -1e9


@dataclass(frozen=True, slots=True)
class LoggingPolicy:
    """What is believed about how the log was made.

    Parameters
    ----------
    probability
        float64[n, m]: estimated chance of each candidate, rows sum to 1; 0 where it was not possible.
    propensity
        float64[n]: that of the logged action, balanced, at least `trim`: what weights are made of.
    source
        "estimated", or "constant": nothing tells who got what, the plain shares are used.
    log_loss, log_loss_constant
        Out of fold, of the estimate and of the plain shares, nats per decision.
    temperature
        t; 0 for "constant".
    trim
        Least propensity.
    trimmed_share
        Share of the decisions it was applied to.
    below
        (bound, share of the decisions whose action was less probable than it), for .01, .02 and .05.
    effective
        Effective number of decisions if every candidate were given alike, Σw² against (Σw)².
    imbalance
        Largest standardised difference between an action's weighted rows and all rows, before and after balancing.
    """

    probability: FloatArray
    propensity: FloatArray
    source: str
    log_loss: float
    log_loss_constant: float
    temperature: float
    trim: float
    trimmed_share: float
    below: tuple[tuple[float, float], ...]
    effective: float
    imbalance: tuple[float, float]

    def verdict(self) -> str:
        """Say in plain words how the probabilities came about and how far they carry."""
        how = (
            "estimated from what was known at each decision"
            if self.source == "estimated"
            else "taken from how often each action was chosen: nothing known tells more"
        )
        thin = dict(self.below)[0.02]
        return (
            f"no probabilities were logged; they are {how}. {thin:.1%} of the decisions had a chance below .02, "
            f"{self.trimmed_share:.1%} were raised to {self.trim:g}; what nobody recorded cannot be corrected for"
        )


def estimate_logging_policy(
    features: Table,
    action: IntArray,
    n_actions: int,
    *,
    possible: BoolArray | None = None,
    trim: float = TRIM,
    seed: int = 0,
    threads: int | None = None,
) -> LoggingPolicy:
    """Estimate the chance of every candidate at every row, each customer from models of others.

    Parameters
    ----------
    features
        n rows, columns known before the choice only; y and weight are not used.
    action
        int64[n], 0 … m − 1.
    possible
        bool[n, m]: candidates at the row; the logged action must be among them. None: all that were ever chosen.
    trim
        Least propensity of a logged action.
    seed, threads
        As in `fit.fit_booster`.
    """
    n = len(features)
    share = np.bincount(action, minlength=n_actions) / max(n, 1)
    seen = share > 0
    allowed = np.broadcast_to(seen, (n, n_actions)) if possible is None else possible & seen
    if not allowed[np.arange(n), action].all():
        raise ValueError("a logged action was not among the candidates possible at its row")
    some = _some_rows(features.customer, seed)
    level = np.zeros((n, n_actions))
    constant = _softmax(level + _matched(level[some], allowed[some], share), allowed)
    plain = _losses(constant, action)
    raw = _cross_fitted(features, action, n_actions, seed, threads)
    if raw is not None:
        temperature, probability = _calibrated(raw, allowed, action, share, some)
        fitted = _losses(probability, action)
        if _beyond_chance(plain - fitted, features.customer):
            losses = float(fitted.mean()), float(plain.mean())
            at = np.arange(n), action
            balanced = balance_actions(features, action, np.maximum(probability[at], trim), allowed)
            return _described(probability, balanced, action, allowed, temperature, trim, losses)
    losses = float(plain.mean()), float(plain.mean())
    as_is = Balanced(constant[np.arange(n), action], 0.0, 0.0)
    return _described(constant, as_is, action, allowed, 0.0, trim, losses)


def _described(
    probability: FloatArray,
    balanced: Balanced,
    action: IntArray,
    allowed: BoolArray,
    temperature: float,
    trim: float,
    losses: tuple[float, float],
) -> LoggingPolicy:
    chance = probability[np.arange(len(action)), action]
    propensity = np.maximum(balanced.propensity, trim)
    weight = 1 / (allowed.sum(axis=1) * propensity)
    return LoggingPolicy(
        probability=probability,
        propensity=propensity,
        source="estimated" if temperature > 0 else "constant",
        log_loss=losses[0],
        log_loss_constant=losses[1],
        temperature=temperature,
        trim=trim,
        trimmed_share=float((chance < trim).mean()),
        below=tuple((bound, float((chance < bound).mean())) for bound in (0.01, 0.02, 0.05)),
        effective=float(weight.sum()) ** 2 / float((weight**2).sum()),
        imbalance=(balanced.before, balanced.after),
    )


def _some_rows(customer: IntArray, seed: int) -> IntArray:
    """Rows of whole customers, about 20,000: enough for a handful of numbers, whatever the order of the rows."""
    parts = -(-len(customer) // _CALIBRATION_ROWS)
    return np.flatnonzero(customer_part(customer, seed, "logging/some", parts) == 0)


def _losses(probability: FloatArray, action: IntArray) -> FloatArray:
    return -np.log(np.maximum(probability[np.arange(len(action)), action], 1e-12))


def _beyond_chance(gain: FloatArray, customer: IntArray) -> bool:
    """Whether the mean gain is above 0 by three standard errors, a customer's rows counted as one."""
    _, who = np.unique(customer, return_inverse=True)
    error = float(np.sqrt((np.bincount(who, gain - gain.mean()) ** 2).sum())) / len(gain)
    return bool(gain.mean() > max(_BEYOND_CHANCE * error, 1e-6))


def _softmax(score: FloatArray, allowed: BoolArray) -> FloatArray:
    masked = np.where(allowed, score, _IMPOSSIBLE)
    p = np.exp(masked - masked.max(axis=1, keepdims=True))
    p = np.where(allowed, p, 0.0).astype(np.float64)
    p /= p.sum(axis=1, keepdims=True)
    return p


def _matched(
    score: FloatArray, allowed: BoolArray, share: FloatArray, start: FloatArray | None = None
) -> FloatArray:
    """float64[m]: shifts of the scores that make every action as probable on average as it was frequent.

    That is the maximum of the likelihood over the shifts, reached by proportional fitting from `start`.
    """
    counts = share * len(score)
    seen = counts > 0
    shift = np.zeros(score.shape[1]) if start is None else start.copy()
    for _ in range(60):
        p = _softmax(score + shift, allowed)
        step = np.where(seen, np.log(np.maximum(counts, 1e-9)) - np.log(np.maximum(p.sum(axis=0), 1e-9)), 0.0)
        shift += step
        if np.abs(step).max() < 1e-7:
            break
    return shift


def _calibrated(
    raw: FloatArray, allowed: BoolArray, action: IntArray, share: FloatArray, rows: IntArray
) -> tuple[float, FloatArray]:
    """Temperature of least log loss, by a grid: a finer one would follow the noise. Chosen on some of the rows."""
    score, possible, chosen = raw[rows], allowed[rows], action[rows]
    found = []
    shift = np.zeros(raw.shape[1])
    for t in _TEMPERATURES.tolist():
        shift = _matched(t * score, possible, share, shift)
        found.append((float(_losses(_softmax(t * score + shift, possible), chosen).mean()), t, shift))
    _, best, shift = min(found, key=lambda one: one[:2])
    return best, _softmax(best * raw + shift, allowed)


def _cross_fitted(
    features: Table, action: IntArray, n_actions: int, seed: int, threads: int | None
) -> FloatArray | None:
    """float64[n, m]: raw scores from models of other customers; None with too few cases of the second action."""
    counts = np.bincount(action, minlength=n_actions)
    usual = np.flatnonzero(counts >= _MIN_CASES)
    if len(usual) < 2:
        return None
    order = row_order(features)
    rows, chosen = features.take(order), action[order]
    # rare actions are not told apart by the booster: they keep the mean score, and their own share by the offsets
    raw = np.zeros((len(rows), n_actions))
    code = np.full(n_actions, -1, dtype=np.int64)
    code[usual] = np.arange(len(usual))
    for number, fold in enumerate(all_customer_folds(rows.customer, seed, "logging")):
        fit = fold.fit[code[chosen[fold.fit]] >= 0]
        parts = -(-len(fit) // _MOST_ROWS)
        fit = fit[customer_part(rows.customer[fit], seed, f"logging/{number}", parts) == 0]
        stop = customer_part(rows.customer[fit], seed, f"logging/stop/{number}", 5) == 0
        score = _scores(rows, code[chosen], fit[~stop], fit[stop], fold.predict, len(usual), seed, threads)
        block = np.repeat(score.mean(axis=1, keepdims=True), n_actions, axis=1)
        block[:, usual] = score
        raw[fold.predict] = block
    back = np.empty_like(raw)
    back[order] = raw
    return back


def _scores(
    rows: Table,
    label: IntArray,
    fit: IntArray,
    stop: IntArray,
    predict: IntArray,
    n_classes: int,
    seed: int,
    threads: int | None,
) -> FloatArray:
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import lightgbm

    settings: dict[str, Any] = {
        "objective": "multiclass",
        "num_class": n_classes,
        "metric": "multi_logloss",
        "learning_rate": 0.15,
        "num_leaves": 8,
        "min_data_in_leaf": int(np.clip(len(fit) // 30, 10, 200)),
        "max_bin": 63,
        "feature_fraction": 0.8,
        "lambda_l2": 20.0,
        "deterministic": True,
        "force_col_wise": True,
        "seed": stream_seed(seed, "lightgbm/logging"),
        "num_threads": threads or min(2, os.cpu_count() or 1),
        "verbosity": -1,
    }
    categorical = [rows.names.index(name) for name in rows.categorical]
    data = lightgbm.Dataset(
        rows.x[fit], label=label[fit], categorical_feature=categorical, params=dict(settings)
    )
    valid = [data.create_valid(rows.x[stop], label=label[stop])] if len(stop) else []
    stopping: list[Any] = [lightgbm.early_stopping(_PATIENCE, verbose=False)] if valid else []
    rounds = _ROUNDS if valid else _PATIENCE
    booster = lightgbm.train(settings, data, rounds, valid_sets=valid, callbacks=stopping)
    score = booster.predict(rows.x[predict], raw_score=True, num_threads=settings["num_threads"])
    return np.asarray(score, dtype=np.float64).reshape(len(predict), n_classes)
