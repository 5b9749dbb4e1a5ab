"""Expected outcomes of Starbucks' offers against what came in later.

Trained just after the windows of the offers sent at hour 408 had closed (hour 528), asked about the offers of hours 504
and 576 with what was known at each of those times, and compared with the spend of the following five days. People occur
at both times, so standard errors count a person's rows as one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from loaded import HOUR_528_US, HOUR_US, START_US, Loaded
from numpy.typing import NDArray

from nbatool.models.bundle import Bundle
from nbatool.models.metrics import Ratio, equal_count_groups, realised_ratio

pytestmark = [pytest.mark.real_data, pytest.mark.slow]

DECILES_WITHIN = 5
"""Tenths of the prediction within two standard errors: what holds. The outcomes of the two later times differ from each
other, given what was known before, by more than the standard errors (the two ratios lie about 7 % apart)."""


@dataclass(frozen=True)
class Later:
    predicted: NDArray[np.float64]
    realised: NDArray[np.float64]
    person: NDArray[np.int64]
    is_nothing: NDArray[np.bool_]


@pytest.fixture(scope="module")
def later(starbucks: Loaded, starbucks_528: Bundle) -> Later:
    from nbatool.ingest.catalogue import load_catalogue
    from nbatool.models.decision_log import read_decisions
    from nbatool.models.train_outcome import decision_table
    from nbatool.models.training_data import Training
    from nbatool.store.warehouse import open_warehouse
    from nbatool.store.workspace import open_workspace

    workspace = open_workspace(starbucks.root)
    config = workspace.config
    actions = tuple(load_catalogue(config))
    bundle = starbucks_528
    with open_warehouse(workspace, read_only=True) as warehouse:
        con = warehouse.con
        assert bundle.decision is not None
        assert bundle.outcome is not None
        training = Training(
            con, config, actions, bundle.features, START_US, HOUR_528_US, seed=0, say=lambda _: None
        )
        log = read_decisions(
            con, config.roles.contact, from_us=START_US + 504 * HOUR_US, until_us=START_US + 576 * HOUR_US + 1,
            by_channel=False, seed=0,
        )  # fmt: skip
        assert log is not None
        table, _ = decision_table(training, bundle.decision, log, config.objectives)
    return Later(bundle.outcome.predict(table.x), table.y, table.customer, log.is_nothing)


def test_the_later_times_are_those_of_everybody(later: Later) -> None:
    assert len(later.realised) == 2 * 17_000
    assert later.is_nothing.mean() == pytest.approx(0.25, abs=0.01)


def test_money_is_calibrated_in_all(later: Later) -> None:
    found = realised_ratio(later.realised, later.predicted, np.ones(len(later.realised)), later.person)
    assert found.ratio_se < 0.01
    assert 0.95 <= found.ratio <= 1.05


@pytest.mark.parametrize("contacted", [False, True])
def test_money_is_calibrated_with_and_without_an_offer(later: Later, contacted: bool) -> None:
    rows = later.is_nothing != contacted
    found = realised_ratio(
        later.realised[rows], later.predicted[rows], np.ones(int(rows.sum())), later.person[rows]
    )
    assert 0.95 <= found.ratio <= 1.05


def tenths(later: Later) -> list[Ratio]:
    return [
        realised_ratio(later.realised[rows], later.predicted[rows], np.ones(len(rows)), later.person[rows])
        for rows in equal_count_groups(later.predicted, 10)
    ]


def test_money_is_calibrated_by_tenths_of_the_prediction(later: Later) -> None:
    found = tenths(later)
    assert sum(part.within_two_se for part in found) >= DECILES_WITHIN
    assert all(0.85 < part.ratio < 1.15 for part in found)


@pytest.mark.xfail(strict=True, reason="5 of 10 hold: decision record 0011 says why and what was tried")
def test_every_tenth_of_the_prediction_is_within_two_standard_errors(later: Later) -> None:
    """The mark aimed at. It is missed, and this test says so until it is met."""
    assert all(part.within_two_se for part in tenths(later))
