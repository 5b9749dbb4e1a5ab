from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from benchmarks.limits import chosen_within, world
from nbatool.decide.demand import Crowd
from nbatool.decide.exploration import column_sums, probabilities
from nbatool.decide.exploration_terms import ExplorationTerms
from nbatool.decide.limits import Limit, share_of_contacts
from nbatool.decide.prices import Prices, Solved, solve
from nbatool.decide.tie_breaks import tie_breaks, tie_keys

EXPLORING = ExplorationTerms(
    "inverse_gap", share=0.2, min_probability=0.005, max_loss=0.5, gamma=30.0, spread=1.0
)


def by_chance(priced: Any, possible: Any, _: Any) -> Any:
    return probabilities(priced, possible, EXPLORING)


def figures(solved: Solved) -> tuple[Any, ...]:
    return solved.prices.price.tolist(), solved.used, solved.value, solved.upper_bound, solved.rounds


def test_a_stock_by_hand() -> None:
    """Five want it, worth 1 to 5, and there are two: the price lies between the second's worth and the third's."""
    values = np.array([[k, 0.0] for k in (3.0, 5.0, 1.0, 2.0, 4.0)])
    solved = solve(
        [(values, np.ones_like(values, dtype=bool))], [Limit("stock", np.array([1.0, 0.0]), most=2.0)]
    )
    assert 3.0 <= solved.prices.price[0] < 4.0
    assert solved.used == (2.0,)
    assert solved.value == pytest.approx(9.0)
    assert solved.upper_bound == pytest.approx(9.0, rel=1e-3)


def test_a_least_share_pays_for_its_contacts() -> None:
    """Half of all contacts have to be the second offer, which everybody likes less: its price is below 0."""
    worth = np.linspace(1.0, 2.0, 101)
    values = np.column_stack([worth, worth - 0.5 * worth[::-1], np.zeros(101)])
    limits = share_of_contacts("second", np.array([False, True, False]), least=0.5)
    solved = solve([(values, np.ones_like(values, dtype=bool))], limits)
    assert solved.prices.price[0] < 0.0
    assert solved.used[0] == pytest.approx(0.0, abs=1.0)


def test_limits_nobody_reaches_have_no_price() -> None:
    values, possible, limits = world(500, 5, 0)
    wide = [Limit(one.name, np.abs(one.use), most=1e9) for one in limits]
    assert solve([(values, possible)], wide).prices.price.tolist() == [0.0] * len(wide)


@pytest.mark.parametrize("choose", [None, by_chance])
def test_order_of_rows_and_chunks_changes_no_bit(choose: Any) -> None:
    values, possible, limits = world(3_000, 6, 1)
    mixed = np.random.default_rng(0).permutation(len(values))
    whole = solve([(values, possible)], limits, choose)
    parts = ((values[mixed[i : i + 701]], possible[mixed[i : i + 701]]) for i in range(0, 3_000, 701))
    assert figures(solve(parts, limits, choose)) == figures(whole)


def test_a_sample_is_the_same_whatever_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbatool.decide.prices.SAMPLED", 500)
    monkeypatch.setattr("nbatool.decide.prices.SAMPLED_EXPECTED", 200)
    values, possible, limits = world(3_000, 6, 2)
    mixed = np.random.default_rng(0).permutation(len(values))
    for choose in (None, by_chance):
        whole = solve([(values, possible)], limits, choose)
        assert figures(solve([(values[mixed], possible[mixed])], limits, choose)) == figures(whole)
    found = chosen_within(values, possible, limits)
    assert found["value"] >= 0.99 * found["upper"]


def test_what_few_take_needs_more_than_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five of each for twenty thousand, of whom one in twenty is looked at first."""
    monkeypatch.setattr("nbatool.decide.prices.SAMPLED", 1_000)
    values, possible, _ = world(20_000, 6, 9)
    limits = [Limit(f"stock {j}", np.eye(7)[j], most=5.0) for j in range(6)]
    found = chosen_within(values, possible, limits)
    assert found["value"] >= 0.999 * found["upper"]
    assert not found["exceeded"]


def test_equal_people_are_sampled_as_many_as_their_part_is() -> None:
    values = np.repeat(np.array([[1.0, 0.0], [2.0, 0.0]]), [900, 100], axis=0)
    sample = Crowd.of([(values, np.ones_like(values, dtype=bool))]).sample(100)
    assert sorted(sample.values[0].tolist()) == [1.0] * 90 + [2.0] * 10


def test_half_precision_of_values_is_kept_and_hardly_matters() -> None:
    values, possible, limits = world(2_000, 6, 3)
    short = values.astype(np.float32)
    assert Crowd.of([(short, possible)]).values.dtype == np.float32
    found, exact = solve([(short, possible)], limits), solve([(values, possible)], limits)
    assert found.upper_bound == pytest.approx(exact.upper_bound, rel=1e-6)


def test_with_exploration_the_expected_use_keeps_the_limits() -> None:
    values, possible, limits = world(20_000, 8, 4)
    solved = solve([(values, possible)], limits, by_chance)
    priced = np.where(possible, values - solved.prices.charge(limits), 0.0)
    p = probabilities(priced, possible, EXPLORING)
    for limit, used in zip(limits, solved.used, strict=True):
        assert used == pytest.approx(float(column_sums(p * limit.use).sum()), abs=1e-4)
        if limit.most:
            assert used <= limit.most
    binding = [(limit, used) for limit, used in zip(limits[:4], solved.used, strict=False)]
    assert all(used >= 0.95 * float(limit.most or 0.0) for limit, used in binding)
    assert solved.value <= solved.upper_bound


def test_what_exploration_takes_anyway_does_not_price_out_everybody() -> None:
    values, possible, _ = world(5_000, 6, 5)
    always = ExplorationTerms("epsilon", share=0.3, min_probability=0.01)
    always = ExplorationTerms.from_json(always.to_json() | {"max_loss": None})
    stock = Limit("stock", np.eye(7)[0], most=3.0)
    free = solve([(values, possible)], [], lambda v, p, _: probabilities(v, p, always))
    found = solve([(values, possible)], [stock], lambda v, p, _: probabilities(v, p, always))
    assert found.used[0] > 3.0
    assert found.value > 0.7 * free.value


def test_choices_know_which_rows_they_are_of() -> None:
    values, possible, limits = world(300, 4, 6)
    seen: set[int] = set()

    def choose(priced: Any, among: Any, rows: Any) -> Any:
        seen.update(rows.tolist())
        assert (np.isfinite(values[rows]) & possible[rows] == among).all()
        return probabilities(priced, among, EXPLORING)

    solve([(values[:100], possible[:100]), (values[100:], possible[100:])], limits, choose)
    assert seen == set(range(300))


def test_equal_customers_part_at_a_price() -> None:
    """Twenty kinds of customers, a thousand of each: without amounts of their own a kind takes all or nothing."""
    kinds = np.repeat(np.arange(20), 1_000)
    values, possible, limits = world(20, 5, 7)
    values, possible = values[kinds], possible[kinds]
    wanted = np.bincount(np.where(possible, values, -np.inf).argmax(axis=1), minlength=6)
    limits = [Limit(f"stock {j}", np.eye(6)[j], most=float(wanted[j] // 3)) for j in range(5)]
    keys = tie_keys(f"c{i}" for i in range(len(values)))
    apart = chosen_within(values + tie_breaks(keys, 6, 0.01), possible, limits)
    assert apart["value"] >= 0.995 * apart["upper"]
    assert not apart["exceeded"]
    assert apart["value"] >= chosen_within(values, possible, limits)["value"]


def test_tie_breaks_are_spread_evenly_and_alike_for_one_and_many() -> None:
    keys = tie_keys(f"c{i}" for i in range(20_000))
    amounts = tie_breaks(keys, 4, 2.0)
    assert (amounts[:, -1] == 0.0).all()
    assert amounts[:, :3].mean(axis=0) == pytest.approx(np.zeros(3), abs=0.02)
    assert amounts[:, :3].std(axis=0) == pytest.approx(np.full(3, 2.0 / 12**0.5), rel=0.02)
    assert np.corrcoef(amounts[:, 0], amounts[:, 1])[0, 1] == pytest.approx(0.0, abs=0.03)
    assert tie_breaks(keys[7:8], 4, 2.0).tolist() == amounts[7:8].tolist()


def test_nobody_and_nothing_possible() -> None:
    stock = [Limit("stock", np.array([1.0, 0.0]), most=3.0)]
    assert solve([], stock).prices.price.tolist() == [0.0]
    nothing = (np.zeros((3, 2)), np.zeros((3, 2), dtype=bool))
    assert figures(solve([nothing], stock))[:4] == ([0.0], (0.0,), 0.0, 0.0)
    assert solve([nothing], []).prices.price.tolist() == []


def test_a_budget_of_zero_and_a_least_nobody_can_meet_end() -> None:
    values, possible, _ = world(2_000, 5, 8)
    use = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.0])
    assert solve([(values, possible)], [Limit("all", use, most=0.0)]).used == (0.0,)
    found = chosen_within(values, possible, [Limit("all", use, least=1e6)])
    assert np.isfinite(found["solved"].prices.price).all()
    assert found["exceeded"] == ["all"]


def test_prices_survive_json_and_know_their_limits() -> None:
    limits = [Limit("a", np.array([1.0, 0.0]), most=1.0), Limit("b", np.array([0.3, 0.0]), most=1.0)]
    prices = Prices(("a", "b"), np.array([1 / 3, -0.1]))
    again = Prices.from_json(json.loads(json.dumps(prices.to_json())))
    assert (again.names, again.price.tolist()) == (prices.names, prices.price.tolist())
    assert again.charge(limits).tolist() == [1 / 3 - 0.1 * 0.3, 0.0]
    with pytest.raises(ValueError, match="the limits are b, a"):
        prices.charge(limits[::-1])


@pytest.mark.parametrize(
    ("values", "words"),
    [([[np.nan, 0.0]], "not finite"), ([[1.0, 2.0]], "worth 0"), ([[1.0, 0.5, 0.0]], "3")],
)
def test_values_that_cannot_be_are_refused(values: list[list[float]], words: str) -> None:
    array = np.array(values)
    with pytest.raises(ValueError, match=words):
        solve([(array, np.ones_like(array, dtype=bool))], [Limit("a", np.array([1.0, 0.0]), most=1.0)])


def test_limits_have_names_of_their_own() -> None:
    one = Limit("a", np.array([1.0, 0.0]), most=1.0)
    with pytest.raises(ValueError, match="name of its own"):
        solve([], [one, one])
