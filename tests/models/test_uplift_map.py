"""The map from effect scores to money, on gains made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from nbatool.models.uplift_map import UNMAPPED, UpliftMap, fit_uplift_map

N = 20_000
RANDOM = np.random.default_rng(0)
SCORE, ACTION = RANDOM.normal(size=N), RANDOM.integers(0, 4, N)
NOTHING, NOISE = RANDOM.uniform(0, 10, N), RANDOM.normal(size=N) * 3


def fitted(gain: np.ndarray) -> UpliftMap:
    return fit_uplift_map(gain, SCORE, NOTHING, np.ones(N), ACTION, np.arange(N) // 2, nothing_se=0.02)


def test_slope_offsets_and_level_come_back() -> None:
    found = fitted(1.6 * SCORE + np.array([0.0, 0.5, 1.0, 2.5])[ACTION] + 0.3 * (NOTHING - 5) + NOISE)
    assert found.slope == pytest.approx(1.6, abs=0.05)
    assert [found.offset[a] for a in range(4)] == pytest.approx([0, 0.5, 1, 2.5], abs=0.12)
    assert found.other == pytest.approx(1.0, abs=0.2)
    low, high = found.apply(np.zeros(2), np.full(2, np.nan), np.array([1.0, 9.0]))
    assert high - low == pytest.approx(2.4, abs=0.3)


def test_noise_moves_nothing() -> None:
    found = fitted(SCORE + NOISE)
    assert found.slope == pytest.approx(1.0, abs=0.05)
    assert all(abs(offset) < 0.08 for offset in found.offset.values())
    assert found.level is None or np.abs(found.level.y).max() < 0.15
    useless = fitted(NOISE)
    assert 0 < useless.slope < 0.1


def test_one_contact_of_an_action_does_not_rule() -> None:
    action = np.zeros(1_000, dtype=np.int64)
    action[0] = 1
    gain = RANDOM.normal(size=1_000)
    gain[0] = 100.0
    found = fit_uplift_map(
        gain, np.zeros(1_000), np.zeros(1_000), np.ones(1_000), action, np.arange(1_000), nothing_se=0.0
    )
    assert abs(found.offset[0]) < 0.2


def test_elementwise_and_round_trip() -> None:
    found = fitted(SCORE + 0.5 * NOTHING + NOISE)
    action = np.where(ACTION == 3, np.nan, ACTION)
    every = found.apply(SCORE, action, NOTHING)
    for k in range(200):
        at = slice(k, k + 1)
        assert found.apply(SCORE[at], action[at], NOTHING[at])[0] == every[k]
    again = UpliftMap.from_json(found.to_json())
    assert (again.apply(SCORE, action, NOTHING) == every).all()
    assert again.to_json() == found.to_json()


def test_no_contact_maps_nothing() -> None:
    none = np.zeros(0)
    codes = np.zeros(0, dtype=np.int64)
    assert fit_uplift_map(none, none, none, none, codes, codes, nothing_se=0.0) is UNMAPPED
