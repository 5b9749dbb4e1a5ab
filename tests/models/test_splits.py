from __future__ import annotations

import numpy as np

from nbatool.models.splits import Split, all_customer_folds, customer_part, split_rows

HOUR = 3_600_000_000


def waves(hours: list[int], per_wave: int = 10) -> tuple[np.ndarray, np.ndarray]:
    return np.repeat(np.array(hours) * HOUR, per_wave), np.tile(np.arange(per_wave), len(hours))


def hours(as_of: np.ndarray, rows: np.ndarray) -> list[int]:
    return sorted(set((as_of[rows] // HOUR).tolist()))


def test_windows_that_reach_into_the_next_part_are_left_out() -> None:
    as_of, customer = waves([0, 168, 336, 408, 504, 576])
    split = split_rows(as_of, customer, window_s=120 * 3_600, seed=0)
    assert split.by_time
    assert hours(as_of, split.test.predict) == [504, 576]
    assert hours(as_of, split.test.fit) == [0, 168, 336]  # 408 + 120 reaches past 504
    assert hours(as_of, split.stop.predict) == [336]
    assert hours(as_of, split.stop.fit) == [0, 168]
    assert hours(as_of, split.calibration[0].predict) == [0, 168, 336]
    assert "10 overlapping rows left out" in split.description


def test_a_window_that_begins_later_is_left_out_as_one_that_is_later() -> None:
    """A contact that a person let wait for ten days: what came of it reaches past the rows that judge."""
    as_of, customer = waves([0, 168, 336, 408, 504, 576])
    began = as_of + np.where((customer == 3) & (as_of == 336 * HOUR), 49, 0) * HOUR
    split = split_rows(as_of, customer, window_s=120 * 3_600, seed=0, began_us=began)
    left_out = np.setdiff1d(np.flatnonzero(as_of <= 336 * HOUR), split.test.fit)
    assert [(as_of[row] // HOUR, customer[row]) for row in left_out] == [(336, 3)]
    same = split_rows(as_of, customer, window_s=120 * 3_600, seed=0, began_us=as_of)
    assert len(same.test.fit) == len(split.test.fit) + 1


def no_label_reaches_forward(as_of: np.ndarray, split: Split, window_us: int) -> bool:
    folds = (split.stop, split.test)
    return all((as_of[fold.fit] + window_us).max() <= as_of[fold.predict].min() for fold in folds)


def test_continuous_moments_keep_the_embargo() -> None:
    random = np.random.default_rng(0)
    as_of = random.integers(0, 1_000 * HOUR, 5_000)
    split = split_rows(as_of, random.integers(0, 300, 5_000), window_s=50 * 3_600, seed=0)
    assert split.by_time
    assert no_label_reaches_forward(as_of, split, 50 * HOUR)
    assert len(split.test.predict) >= 1_000


def test_one_moment_splits_customers_and_says_so() -> None:
    customer = np.repeat(np.arange(50), 3)
    split = split_rows(np.zeros(150, dtype=np.int64), customer, window_s=10, seed=0)
    assert not split.by_time
    assert "only one moment" in split.description
    for fold in (*split.calibration, split.stop, split.test):
        assert not set(customer[fold.fit]) & set(customer[fold.predict])
    assert len(split.test.predict) == 30


def test_windows_longer_than_the_history_split_customers() -> None:
    as_of, customer = waves([0, 24, 48])
    split = split_rows(as_of, customer, window_s=30 * 86_400, seed=0)
    assert not split.by_time
    assert "too few moments" in split.description


def test_calibration_is_grouped_by_customer() -> None:
    as_of, customer = waves([0, 168, 336, 504], per_wave=30)
    split = split_rows(as_of, customer, window_s=120 * 3_600, seed=0)
    predicted = np.concatenate([fold.predict for fold in split.calibration])
    assert sorted(predicted) == sorted(split.test.fit)
    for fold in split.calibration:
        assert not set(customer[fold.fit]) & set(customer[fold.predict])


def test_parts_depend_on_the_customer_not_on_the_row() -> None:
    customer = np.random.default_rng(0).integers(0, 40, 500)
    part = customer_part(customer, 0, "x", 4)
    assert all(len(set(part[customer == code])) == 1 for code in range(40))
    order = np.random.default_rng(1).permutation(500)
    assert (customer_part(customer[order], 0, "x", 4) == part[order]).all()
    assert np.bincount([part[customer == code][0] for code in range(40)]).tolist() == [10, 10, 10, 10]
    assert (customer_part(customer, 1, "x", 4) != part).any()
    assert len(all_customer_folds(customer, 0, "x")) == 3
