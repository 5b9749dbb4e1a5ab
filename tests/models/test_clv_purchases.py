"""Collapsing, drawing, discounting, ranks and words: small things with exact answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbatool.base.errors import ConfigError, DataError
from nbatool.models.clv.bg_nbd import log_likelihood
from nbatool.models.clv.discounting import WEEKS_PER_YEAR, discounted_total
from nbatool.models.clv.families import PARETO_NBD
from nbatool.models.clv.holdout import held_out_days
from nbatool.models.clv.purchases import Purchases, collapse
from nbatool.models.clv.scores import ClvScores, mid_rank_quantile
from nbatool.models.clv.segments import segments
from nbatool.models.clv.settings import DAY_S, ClvSettings


def customers(rows: list[tuple[int, int, int]]) -> Purchases:
    x, t_x, age = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    return Purchases.of(x, t_x, age)


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, int, int]]:
    rows = []
    for _ in range(draw(st.integers(1, 30))):
        age = draw(st.integers(0, 20))
        t_x = draw(st.integers(0, age))
        rows.append((draw(st.integers(1, t_x)) if t_x else 0, t_x, age))
    return rows


@given(histories())
def test_collapsing_keeps_every_customer_and_its_likelihood(rows: list[tuple[int, int, int]]) -> None:
    purchases = customers(rows)
    collapsed, index = collapse(purchases)
    assert collapsed.x[index].tolist() == purchases.x.tolist()
    assert (collapsed.t_x[index] * 7).round().astype(int).tolist() == purchases.t_x_days.tolist()
    assert (collapsed.age[index] * 7).round().astype(int).tolist() == purchases.age_days.tolist()
    assert collapsed.n_customers == len(rows)
    assert len(set(rows)) == len(collapsed.x)
    parameters = (0.25, 4.4, 0.8, 2.4)
    each = log_likelihood(parameters, purchases.x, purchases.t_x_days / 7, purchases.age_days / 7)
    together = log_likelihood(parameters, collapsed.x, collapsed.t_x, collapsed.age)
    assert (together * collapsed.customers).sum() == pytest.approx(each.sum(), rel=1e-12)


@given(histories(), st.randoms())
def test_order_of_customers_changes_no_row(rows: list[tuple[int, int, int]], random: st.DataObject) -> None:
    first, _ = collapse(customers(rows))
    random.shuffle(rows)  # type: ignore[attr-defined]
    second, _ = collapse(customers(rows))
    for name in ("x", "t_x", "age", "customers"):
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()


@settings(max_examples=30)
@given(histories(), st.integers(0, 2**32))
def test_a_split_loses_and_invents_nobody(rows: list[tuple[int, int, int]], seed: int) -> None:
    whole, _ = collapse(customers(rows))
    fitted, held_out = whole.split(0.8, np.random.default_rng(seed))
    assert fitted.n_customers == round(0.8 * len(rows))
    assert fitted.n_customers + held_out.n_customers == len(rows)
    assert fitted.repeat_purchases + held_out.repeat_purchases == whole.repeat_purchases
    assert whole.draw(3, np.random.default_rng(seed)).n_customers == min(3, len(rows))


@pytest.mark.parametrize(
    "row",
    [(-1, 0, 5), (1, 0, 5), (0, 3, 5), (1, 6, 5), (3, 2, 5)],
    ids=["x<0", "t_x=0", "x=0", "t_x>age", "x>t_x"],
)
def test_impossible_rows_are_named(row: tuple[int, int, int]) -> None:
    with pytest.raises(DataError, match="row 1"):
        customers([(1, 2, 5), row])


def test_a_mean_without_a_paid_day_is_refused() -> None:
    x = np.array([1])
    with pytest.raises(DataError, match="paid=1"):
        Purchases.of(x, x, x, np.array([-3.0]), paid=x)


def test_discounting_equals_a_sum_over_days() -> None:
    # Pareto/NBD of CDNOW: somebody new, and somebody with ten purchases in half a year
    parameters = (0.553, 10.578, 0.606, 11.669)
    x, age = np.array([0.0, 10.0]), np.array([0.0, 26.0])

    def expected(weeks: float) -> np.ndarray:
        return PARETO_NBD.expected_if_alive(parameters, np.asarray(weeks), x, age)

    plain, discounted = discounted_total(expected, WEEKS_PER_YEAR, 0.10)
    edges = np.linspace(0, WEEKS_PER_YEAR, 36_526)
    counts = np.diff([expected(edge) for edge in edges], axis=0)
    middles = (edges[1:] + edges[:-1]) / 2
    by_step = (counts * (1.1 ** -(middles / WEEKS_PER_YEAR))[:, None]).sum(axis=0)
    assert discounted == pytest.approx(by_step, rel=2e-6)
    assert (discounted < plain).all()
    assert plain == pytest.approx(expected(WEEKS_PER_YEAR))


def test_without_discount_nothing_is_lost() -> None:
    plain, discounted = discounted_total(lambda weeks: np.array([weeks]), 10.0, 0.0)
    assert plain.tolist() == discounted.tolist() == [10.0]


@given(st.lists(st.one_of(st.integers(0, 5).map(float), st.just(float("nan"))), max_size=30))
def test_quantile_is_the_share_below_and_half_the_ties(values: list[float]) -> None:
    known = [v for v in values if not np.isnan(v)]
    for value, quantile in zip(values, mid_rank_quantile(np.array(values, dtype=float)), strict=True):
        if np.isnan(value):
            assert np.isnan(quantile)
        else:
            below, equal = sum(k < value for k in known), sum(k == value for k in known)
            assert quantile == pytest.approx((below + equal / 2) / len(known))


def test_segment_words() -> None:
    purchases = customers(
        [(3, 50, 60), (3, 50, 60), (3, 50, 60), (0, 0, 30), (0, 0, 31), (0, 0, 545), (0, 0, 90), (0, 0, 200)]
    )
    quantile = np.array([0.8, 0.79, 0.39, 0.5, 0.5, 0.1, 0.5, np.nan])
    p_alive = np.array([0.7, 0.3, 0.29, 1.0, 1.0, 1.0, 0.69, 0.29])
    scores = ClvScores(quantile, quantile, p_alive, quantile, quantile)
    assert segments(purchases, scores).tolist() == [
        "high value, active",
        "mid value, slipping",
        "low value, lost",
        "mid value, new",
        "mid value, bought once",
        "low value, bought once",
        "mid value, slipping",
        "lost",
    ]


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(3, 900), st.integers(0, 900), st.floats(0, 1)),
        min_size=1, max_size=20,
    )
)  # fmt: skip
def test_nobody_whom_the_model_thinks_alive_is_lost(drawn: list[tuple[int, int, int, float]]) -> None:
    purchases = customers([(x, t_x if x else 0, (t_x if x else 0) + more) for x, t_x, more, _ in drawn])
    p_alive = np.array([p for *_, p in drawn])
    for word, p in zip(
        segments(purchases, ClvScores(p_alive, p_alive, p_alive, p_alive, p_alive)), p_alive, strict=True
    ):
        state = word.split(", ")[1]
        assert (state == "lost") <= (p < 0.3)
        assert (state == "slipping") <= (p < 0.7)
        assert (p < 0.3) <= (state in ("lost", "new"))


def test_settings_report_every_problem_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        ClvSettings(horizon_s=0, discount_per_year=-0.1, margin=0, grain_s=3600, model="bg_nbt")
    message = str(caught.value)
    assert message.count("\n") == 4
    assert 'did you mean "bg_nbd"' in message
    assert "1d or 7d" in message


def test_how_much_is_held_out() -> None:
    assert held_out_days(545, 365) == 181
    assert held_out_days(545, 30) == 30
    assert held_out_days(41, 365) == 0
    assert ClvSettings(grain_s=7 * DAY_S).grain_days == 7
