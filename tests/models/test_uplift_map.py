"""The map from effect scores to money, on gains made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from nbatool.models.uplift_map import UNMAPPED, UpliftMap, fit_uplift_map

N = 20_000
RANDOM = np.random.default_rng(0)
SCORE, ACTION = RANDOM.normal(size=N), RANDOM.integers(0, 4, N)
NOTHING, NOISE = RANDOM.uniform(0, 10, N), RANDOM.normal(size=N) * 3


def parts_of(error: float, n: int) -> np.ndarray:
    """Parts of n other customers in an error."""
    return np.concatenate([np.zeros(n), np.full(100, error / 10)])


def fitted(gain: np.ndarray) -> UpliftMap:
    return fit_uplift_map(
        gain, SCORE, NOTHING, np.ones(N), ACTION, np.arange(N) // 2, nothing_parts=parts_of(0.02, N)
    )


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
        gain,
        np.zeros(1_000),
        np.zeros(1_000),
        np.ones(1_000),
        action,
        np.arange(1_000),
        nothing_parts=parts_of(0.0, 1_000),
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
    assert fit_uplift_map(none, none, none, none, codes, codes, nothing_parts=none) is UNMAPPED


def test_customers_who_come_back_are_one_observation() -> None:
    """Customers who differ for good, each contacted often, no effect at all: no offset may be made of that."""
    rng = np.random.default_rng(0)
    kept, spread = 0, []
    n_customers, times = 300, 20
    customer = np.repeat(np.arange(n_customers), times)
    n = len(customer)
    for _ in range(60):
        lasting = rng.normal(size=n_customers)
        nothing = rng.random(n) < 0.3
        gain = lasting[customer] + 0.3 * rng.normal(size=n)
        gain -= gain[nothing].mean()
        parts = np.bincount(customer[nothing], gain[nothing], minlength=n_customers) / nothing.sum()
        contact = ~nothing
        found = fit_uplift_map(
            gain[contact], rng.normal(size=contact.sum()), np.zeros(contact.sum()), np.ones(contact.sum()),
            rng.integers(0, 4, contact.sum()), customer[contact], nothing_parts=parts,
        )  # fmt: skip
        kept += found.other != 0
        spread.append(np.ptp(list(found.offset.values())))
    assert kept < 30
    assert np.mean(spread) < 0.02
