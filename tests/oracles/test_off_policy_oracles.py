"""Every estimator against the Open Bandit Pipeline (obp 0.5.7) on the same inputs.

Its figures are in obp_figures.json, written by `benchmarks/peers/obp_figures.py`; the inputs are made again here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.peers.obp_figures import (
    CAMPAIGNS,
    CLIPS,
    SWITCHES,
    SYNTHETIC,
    Inputs,
    OpenBandit,
    open_bandit,
    synthetic,
)
from nbatool.measure.customers import Customers
from nbatool.measure.estimators import DirectMethod, DoublyRobust, Estimator, InversePropensity
from nbatool.measure.honesty import honesty
from nbatool.measure.intervals import asymptotic, bootstrap
from nbatool.measure.logged import LoggedBandit, checked_log
from nbatool.measure.policy_on_log import policy_on_log

FIGURES: dict[str, Any] = json.loads((Path(__file__).parent / "obp_figures.json").read_text(encoding="utf-8"))
ESTIMATORS: dict[str, Estimator] = {
    "DM": DirectMethod(),
    "IPS": InversePropensity(),
    "SNIPS": InversePropensity(self_normalised=True),
    "DR": DoublyRobust(),
    "SNDR": DoublyRobust(self_normalised=True),
    **{f"IPS clip {c:g}": InversePropensity(clip=c) for c in CLIPS},
    **{f"DR clip {c:g}": DoublyRobust(clip=c) for c in CLIPS},
    **{f"switch-DR {s:g}": DoublyRobust(switch=s) for s in SWITCHES},
}
# on-policy, IPW, SNIPW, and the 95 % interval of IPW, as measured with obp elsewhere
PUBLISHED = {
    "all": (0.0042, 0.004553, 0.004776, (0.0015, 0.0093)),
    "men": (0.0069, 0.004534, 0.004604, (0.0026, 0.0070)),
}


def values(inputs: Inputs, *, customer: np.ndarray | None = None) -> dict[str, float]:
    n, m = inputs.policy.shape
    found = checked_log(
        inputs.action, inputs.reward, inputs.propensity, np.arange(n) if customer is None else customer, m
    )
    assert found.left_out == {}
    on_log = policy_on_log(found.log, inputs.policy, inputs.q_hat)
    return {name: one.parts(on_log).value() for name, one in ESTIMATORS.items()}


def test_the_file_holds_what_is_tested() -> None:
    assert FIGURES["obp"] == "0.5.7"
    assert [(one["seed"], one["n"], one["m"]) for one in FIGURES["synthetic"]] == list(SYNTHETIC)
    for one in (*FIGURES["synthetic"], *FIGURES["open_bandit"].values()):
        assert set(one["figures"]) == set(ESTIMATORS)


@pytest.mark.parametrize("at", range(len(SYNTHETIC)))
def test_made_up_logs(at: int) -> None:
    one = FIGURES["synthetic"][at]
    assert values(synthetic(one["seed"], one["n"], one["m"])) == pytest.approx(
        one["figures"], rel=0, abs=1e-9
    )


def real_inputs(real_data: Path, campaign: str) -> tuple[OpenBandit, Inputs]:
    log = open_bandit(real_data, "random", campaign)
    one = FIGURES["open_bandit"][campaign]
    return log, log.inputs(np.array(one["table"]), np.array(one["coefficients"]))


@pytest.mark.real_data
@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_open_bandit(real_data: Path, campaign: str) -> None:
    _, inputs = real_inputs(real_data, campaign)
    found = values(inputs)
    assert found == pytest.approx(FIGURES["open_bandit"][campaign]["figures"], rel=0, abs=1e-9)
    on_policy, ips, snips, _ = PUBLISHED[campaign]
    assert (found["IPS"], found["SNIPS"]) == (pytest.approx(ips, abs=5e-7), pytest.approx(snips, abs=5e-7))
    assert open_bandit(real_data, "bts", campaign).reward.mean() == pytest.approx(on_policy)


@pytest.mark.real_data
@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_intervals_on_open_bandit(real_data: Path, campaign: str) -> None:
    _, inputs = real_inputs(real_data, campaign)
    n, m = inputs.policy.shape
    log = checked_log(inputs.action, inputs.reward, inputs.propensity, np.arange(n), m).log
    parts = InversePropensity().parts(policy_on_log(log, inputs.policy))
    on_policy, _, _, (low, high) = PUBLISHED[campaign]
    for found in (
        asymptotic(parts, Customers.of(log.customer)),
        bootstrap(parts, Customers.of(log.customer)),
    ):
        print(campaign, found)
        # obp takes percentiles of its draws, which fall short on the side of the rare large outcomes
        assert found.low == pytest.approx(low, abs=0.25 * (high - low))
        assert high - 0.2 * (high - low) < found.high < high + 1.5 * (high - low)
        assert found.low < on_policy < found.high


@pytest.mark.real_data
@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_probabilities_of_the_random_logs_are_honest(real_data: Path, campaign: str) -> None:
    raw = open_bandit(real_data, "random", campaign)
    log: LoggedBandit = checked_log(
        raw.action,
        raw.reward,
        raw.propensity,
        np.arange(len(raw.action)),
        CAMPAIGNS[campaign],
        position=raw.position,
    ).log
    found = honesty(log)
    assert found.honest, found.verdict
    halved = checked_log(
        raw.action, raw.reward, raw.propensity / 2, np.arange(len(raw.action)), CAMPAIGNS[campaign]
    ).log
    assert not honesty(halved).honest
