"""Kinds of feature on numbers that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from nbatool.base.clock import DAY_S
from nbatool.features.aggregates import Series
from nbatool.features.kinds import KINDS, Feature, needs_window
from nbatool.features.plan import FeaturePlan, merge

BUY = Series(("buy",))


def finished(kind: str, *aggregates: float, **settings: object) -> float:
    feature = Feature("f", kind, BUY, **settings)  # type: ignore[arg-type]
    columns = [np.array([[a]]) for a in aggregates]
    constant = np.array([KINDS[kind].constant(feature, 5)])
    return float(KINDS[kind].finish(columns, constant)[0, 0])


@pytest.mark.parametrize(
    ("kind", "aggregates", "settings", "expected"),
    [
        ("mean", (30.0, 4.0), {}, 7.5),
        ("mean", (0.0, 0.0), {}, np.nan),
        ("spread", (6.0, 3.0, 14.0), {}, 1.0),  # 1, 2, 3
        ("spread", (5.0, 1.0, 25.0), {}, np.nan),
        ("share", (1.0, 4.0), {}, 0.25),
        ("recency", (DAY_S * 1.5,), {}, 1.5),
        ("gap", (10.0 * DAY_S, 4.0 * DAY_S, 4.0), {}, 2.0),
        ("gap", (4.0 * DAY_S, 4.0 * DAY_S, 1.0), {}, np.nan),
        ("rate", (2.0, 4.0), {"within_s": 7 * DAY_S, "other_within_s": 28 * DAY_S}, 2.0),
        ("streak", (1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 3.0, 3.0), {}, 2.0),
        ("streak", (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0), {}, 0.0),
        ("transition", (2.0, 3.0), {}, 13.0),
    ],
)
def test_finishing(
    kind: str, aggregates: tuple[float, ...], settings: dict[str, object], expected: float
) -> None:
    assert finished(kind, *aggregates, **settings) == pytest.approx(expected, nan_ok=True)


def test_all_the_past_is_kept_for_simple_aggregates_only() -> None:
    assert not needs_window(Feature("a", "mean", BUY, "value"))
    assert needs_window(Feature("a", "distinct", BUY, "category"))
    assert needs_window(Feature("a", "count", Series(("buy",), (("channel", "web"),))))
    assert not needs_window(Feature("a", "count", Series(("buy",), (("channel", "web"),)), "", DAY_S))


def test_a_plan_survives_json() -> None:
    features = (
        Feature("a", "count", Series(("buy",), (("channel", "web"),)), "", DAY_S, meaning="x"),
        Feature("b", "share", BUY, "", DAY_S, Series()),
    )
    plan = FeaturePlan(features, ("buy", "see"), "Europe/Berlin", ("action_id",))
    assert FeaturePlan.from_json(plan.to_json()) == plan


def test_the_users_own_features_win() -> None:
    own, default = Feature("a", "count", BUY), Feature("a", "sum", BUY, "value")
    other = Feature("b", "count", BUY)
    assert merge((own, default, other)) == (own, other)
