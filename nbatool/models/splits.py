"""Which rows train, stop, calibrate and judge a model: by time, with the label windows kept apart.

A row's label covers as_of <= ts < as_of + window, or begins later, where a contact went out days after it was decided. A model that is judged on moments from t on may only learn from
rows whose windows had closed by t, as it would have been in life. With too few moments for that, customers are split
by hash instead, and the card says so.

Calibration is fitted on rows of customers the models had not seen, within the rows learned from. Blocks of time would
be the other choice, but their models come from the few moments before each block and are not the model that is judged
and used: measured on two data sets and five tables, the held-out log loss was higher every time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbatool.base.clock import US_PER_S
from nbatool.base.seeds import hash64
from nbatool.models.table import BoolArray, IntArray, Table

TEST_SHARE = 0.2
_MIN_FIT_SHARE = 0.1
_CUSTOMER_FOLDS = 3


@dataclass(frozen=True, slots=True)
class Fold:
    """Positions to fit on and positions to predict; no row's label window reaches into what is predicted."""

    fit: IntArray
    predict: IntArray


@dataclass(frozen=True, slots=True)
class Split:
    """How a table is used.

    Parameters
    ----------
    calibration
        Folds of `test.fit` whose predictions, all from models that had not seen the customer, fit the calibration.
    stop
        Fit rows and validation rows for early stopping.
    test
        Fit rows and the rows that judge the model. `test.fit` is the pool everything else is taken from.
    description
        What was done, for the card.
    by_time
        Whether the test rows are later than all that was learned from.
    """

    calibration: tuple[Fold, ...]
    stop: Fold
    test: Fold
    description: str
    by_time: bool


def split_rows(
    as_of_us: IntArray, customer: IntArray, *, window_s: int, seed: int, began_us: IntArray | None = None
) -> Split:
    """Split rows by time where there are enough moments, else by customer.

    Parameters
    ----------
    as_of_us, customer
        int64[n].
    window_s
        Length of the label window, seconds: the embargo between fit rows and the rows predicted.
    began_us
        int64[n]: when the label windows begin; None: at the moments.
    """
    until_us = (as_of_us if began_us is None else began_us) + window_s * US_PER_S
    moments = np.unique(as_of_us)
    test = _last_block(as_of_us, np.ones(len(as_of_us), dtype=bool), until_us) if len(moments) > 1 else None
    if test is None:
        why = "only one moment" if len(moments) <= 1 else "too few moments with closed windows"
        return _by_customer(customer, seed, why)
    pool = _mask(test.fit, len(as_of_us))
    first_test = int(as_of_us[test.predict].min())
    stop = _last_block(as_of_us, pool, until_us)
    if stop is None:
        stop = _customer_folds(test.fit, customer, seed, "stop")[0]
    folds = _customer_folds(test.fit, customer, seed, "calibration")
    n_left_out = len(as_of_us) - len(test.fit) - len(test.predict)
    description = (
        f"by time: judged on the {len(test.predict)} rows of the last {np.sum(moments >= first_test)} of "
        f"{len(moments)} moments, learned from the {len(test.fit)} rows whose windows had closed "
        f"({n_left_out} overlapping rows left out); calibrated on {len(folds)} groups of customers"
    )
    return Split(tuple(folds), stop, test, description, by_time=True)


def split_table(table: Table, *, window_s: int, seed: int) -> Split:
    """Split the rows of a table; as `split_rows`."""
    return split_rows(table.as_of_us, table.customer, window_s=window_s, seed=seed, began_us=table.began_us)


def all_customer_folds(
    customer: IntArray, seed: int, name: str, n_folds: int = _CUSTOMER_FOLDS
) -> tuple[Fold, ...]:
    """Return folds that keep every customer's rows together; each row is predicted once."""
    return tuple(_customer_folds(np.arange(len(customer)), customer, seed, name, n_folds))


def customer_part(customer: IntArray, seed: int, name: str, n_parts: int) -> IntArray:
    """Return int64[n]: the part of each row's customer, by hash, the same in any row order."""
    codes, inverse = np.unique(customer, return_inverse=True)
    salt = np.uint64(hash64("split", seed, name))
    # splitmix64: a hash of a million integers must not cost a Python call each
    z = (codes.astype(np.uint64) ^ salt) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    # ranks of the hashes make parts of equal size, even with few customers
    rank = np.empty(len(codes), dtype=np.int64)
    rank[np.argsort(z ^ (z >> np.uint64(31)), kind="stable")] = np.arange(len(codes))
    return (rank % n_parts)[inverse].astype(np.int64)


def _last_block(as_of_us: IntArray, among: BoolArray, until_us: IntArray) -> Fold | None:
    """The fewest last moments among the rows that hold TEST_SHARE of them and leave enough rows closed before."""
    moments, counts = np.unique(as_of_us[among], return_counts=True)
    n = int(counts.sum())
    if len(moments) < 2:
        return None
    from_end = np.cumsum(counts[::-1])[::-1]
    enough = np.flatnonzero(from_end >= TEST_SHARE * n)
    for start in dict.fromkeys((int(enough[-1]), len(moments) - 1)):
        cut = moments[start]
        fit = among & (until_us <= cut)
        if fit.sum() >= max(1, _MIN_FIT_SHARE * n):
            return Fold(np.flatnonzero(fit), np.flatnonzero(among & (as_of_us >= cut)))
    return None


def _by_customer(customer: IntArray, seed: int, why: str) -> Split:
    everyone = np.arange(len(customer), dtype=np.int64)
    test = _customer_folds(everyone, customer, seed, "test", round(1 / TEST_SHARE))[0]
    stop = _customer_folds(test.fit, customer, seed, "stop", round(1 / TEST_SHARE))[0]
    folds = _customer_folds(test.fit, customer, seed, "calibration")
    description = (
        f"by customer ({why}): judged on {len(test.predict)} rows of other customers than the "
        f"{len(test.fit)} learned from; calibrated on {len(folds)} groups of customers"
    )
    return Split(tuple(folds), stop, test, description, by_time=False)


def _customer_folds(
    rows: IntArray, customer: IntArray, seed: int, name: str, n_folds: int = _CUSTOMER_FOLDS
) -> list[Fold]:
    part = customer_part(customer[rows], seed, name, n_folds)
    return [Fold(rows[part != k], rows[part == k]) for k in range(n_folds)]


def _mask(rows: IntArray, n: int) -> BoolArray:
    mask = np.zeros(n, dtype=np.bool_)
    mask[rows] = True
    return mask
