"""Pair features on three contacts that can be counted by hand."""

from __future__ import annotations

import numpy as np

from nbatool.base.clock import DAY_S
from nbatool.features.pairs import Contacts, PairPlan, pair_features

PLAN = PairPlan(
    (("sent",), ("seen",), ("used",)), ("a", "b"), ("email", "web"), ("promo",), ((0,), (0,)), 7, 30
)


def test_contacts_are_spread_over_actions_tags_and_channels() -> None:
    found = pair_features(
        PLAN,
        Contacts(
            n_moments=2,
            moment=np.array([0, 0, 0, 1]),
            role=np.array([0, 0, 2, 0]),
            action=np.array([0, 1, 0, -1]),
            channel=np.array([0, 1, 0, 0]),
            short=np.array([1, 0, 1, 1]),
            long=np.array([2, 1, 1, 1]),
            last_s=np.array([2 * DAY_S, 9 * DAY_S, DAY_S, 3 * DAY_S]),
        ),
    )
    np.testing.assert_array_equal(found.action[0, 0], [1, 2, 2.0, 0, 1])
    np.testing.assert_array_equal(found.action[0, 1], [0, 1, 9.0, 0, 0])
    np.testing.assert_array_equal(found.tag[0, 0], [1, 3, 2.0, 0, 1])
    np.testing.assert_array_equal(found.channel[1, 0], [1, 1, 3.0, 0, 0])
    np.testing.assert_array_equal(found.action[1, 0], [0, 0, np.nan, 0, 0])


def test_a_plan_survives_json() -> None:
    assert PairPlan.from_json(PLAN.to_json()) == PLAN
