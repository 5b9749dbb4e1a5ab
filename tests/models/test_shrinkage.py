from __future__ import annotations

import numpy as np
import pytest

from nbatool.models.shrinkage import MOST_ROWS_FOR_HALF, Shrinkage, fit_shrinkage, shrink


def logged(effects: list[float], counts: list[int], noise: float, seed: int = 0) -> Shrinkage:
    random = np.random.default_rng(seed)
    code = np.repeat(np.arange(len(effects)), counts)
    y = np.array(effects)[code] + noise * random.normal(size=len(code))
    return fit_shrinkage(y, np.ones(len(y)), code, np.ones(len(y), dtype=bool), np.arange(len(y)))


def test_sigma_and_tau_come_back() -> None:
    effects = np.random.default_rng(1).normal(0, 1.0, 400)
    found = logged(effects.tolist(), [50] * 400, noise=5.0)
    assert found.rows_for_half == pytest.approx(25 / effects.var(), rel=0.15)
    assert found.weight[0] == pytest.approx(50 / (50 + found.rows_for_half))


def test_a_young_action_leans_on_the_others_and_an_unknown_one_wholly() -> None:
    found = logged([0.0, 2.0, 4.0], [5_000, 5_000, 5], noise=3.0)
    weights = found.weights([0, 2, 99])
    assert weights[0] > 0.99
    assert 0 < weights[1] < 0.9
    assert weights[2] == 0
    assert found.shares([0, 1, 2, 99]).sum() == pytest.approx(1)


def test_actions_without_a_visible_difference_keep_half_at_the_cap() -> None:
    assert logged([1.0, 1.0], [1_000, 1_000], noise=50.0).rows_for_half <= MOST_ROWS_FOR_HALF
    alone = logged([1.0], [int(MOST_ROWS_FOR_HALF)], noise=1.0)
    assert alone.rows_for_half == MOST_ROWS_FOR_HALF
    assert alone.weight[0] == 0.5


def test_no_contacts_and_no_noise_are_no_error() -> None:
    empty = fit_shrinkage(
        np.ones(3), np.ones(3), np.zeros(3, dtype=np.int64), np.zeros(3, dtype=bool), np.arange(3)
    )
    assert empty.weights([1]).tolist() == [0.0]
    assert shrink(np.array([[1.0]]), empty.weights([1]), empty.shares([1])).tolist() == [[1.0]]
    assert logged([1.0, 2.0], [5, 5], noise=0.0).weight == {0: 1.0, 1: 1.0}


def test_shrinking_gives_the_same_bits_for_one_customer_and_many() -> None:
    random = np.random.default_rng(0)
    uplift, weight, share = random.normal(size=(300, 17)), random.random(17), random.random(17)
    everyone = shrink(uplift, weight, share)
    assert all((shrink(uplift[i : i + 1], weight, share)[0] == everyone[i]).all() for i in range(300))
    assert (shrink(np.asfortranarray(uplift), weight, share) == everyone).all()
    again = Shrinkage.from_json(Shrinkage({1: 0.25}, {1: 1.0}, 3.0).to_json())
    assert again == Shrinkage({1: 0.25}, {1: 1.0}, 3.0)


def test_the_pooled_uplift_is_added_up_from_left_to_right_whatever_the_layout() -> None:
    rng = np.random.default_rng(4)
    uplift, weight, share = rng.normal(size=(50, 7)) * 1e6, rng.random(7), rng.random(7)
    uplift[0] = -0.0
    uplift[1, ::2] = -0.0
    total = float(share.sum())
    pooled = np.zeros(50)
    for j in range(7):
        pooled = pooled + uplift[:, j] * (share[j] / total)
    expected = weight * uplift + (1.0 - weight) * pooled[:, None]
    for found in (shrink(uplift, weight, share), shrink(np.asfortranarray(uplift), weight, share)):
        assert np.array_equal(np.ascontiguousarray(found).view(np.int64), expected.view(np.int64))
    alone = np.concatenate([shrink(uplift[row : row + 1], weight, share) for row in range(50)])
    assert np.array_equal(alone.view(np.int64), expected.view(np.int64))
