"""What Starbucks' personal policy is worth against the log and the best single offer.

Trained on the offers sent up to hour 408, judged on those of hours 504 and 576. Offers went out by lot (a quarter of the
people got none), so shares are the chances. Values are doubly robust; people occur at both times and count as one.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from loaded import HOUR_528_US, HOUR_US, START_US, Loaded, trained
from numpy.typing import NDArray

from nbatool.models.bundle import Bundle
from nbatool.models.doubly_robust import Estimate, dr_scores, mean_by_customer

pytestmark = [pytest.mark.real_data, pytest.mark.slow]

COSTS = {"free": (0.0, 0.0), "paid": (1.0, 2.0)}
"""Cost of a contact, and of a conversion beside the reward that the objective counts already."""


@dataclass(frozen=True)
class Judged:
    log: Estimate
    policy: Estimate
    best_single: str
    difference: Estimate
    added: dict[str, tuple[int, float]]
    learner: str


@pytest.fixture(scope="module", params=list(COSTS))
def judged(
    request: pytest.FixtureRequest, starbucks: Loaded, tmp_path_factory: pytest.TempPathFactory
) -> Judged:
    root = tmp_path_factory.mktemp("policy") / "starbucks"
    shutil.copytree(starbucks.root, root)
    cost, per_conversion = COSTS[request.param]
    text = (root / "nba.toml").read_text()
    (root / "nba.toml").write_text(
        text.replace("cost = 0.05", f"cost = {cost}, cost_per_conversion = {per_conversion}")
    )
    # what is learned knows of costs: without any it is what the other test of this time learned
    free = request.param == "free"
    bundle = request.getfixturevalue("starbucks_528") if free else trained(root, HOUR_528_US)
    return judge(root, bundle, cost, per_conversion)


def judge(root: Path, bundle: Bundle, cost: float, per_conversion: float) -> Judged:
    from nbatool.decide.assemble import bundle_policy
    from nbatool.features.labels import converted, load_moment_actions, outcomes
    from nbatool.features.moments import Moments, prepare_moments
    from nbatool.ingest.catalogue import load_catalogue
    from nbatool.models.decision_log import read_decisions
    from nbatool.models.training_data import codes_of
    from nbatool.store.warehouse import open_warehouse
    from nbatool.store.workspace import open_workspace

    workspace = open_workspace(root)
    config, actions = workspace.config, tuple(load_catalogue(workspace.config))
    with open_warehouse(workspace, read_only=True) as warehouse:
        con = warehouse.con
        policy = bundle_policy(config, bundle, actions)
        log = read_decisions(
            con, config.roles.contact, from_us=START_US + 504 * HOUR_US, until_us=START_US + 576 * HOUR_US + 1,
            by_channel=False, seed=0,
        )  # fmt: skip
        assert log is not None
        prepared = prepare_moments(con, bundle.features, Moments(list(log.customer_id), log.as_of_us))
        load_moment_actions(con, [None if a == "nothing" else str(a) for a in log.action_id])
        y = outcomes(con, config.objectives, len(log))
        bought = converted(con, config.roles.convert, config.objectives[0].within, len(log))
        chosen, mu = [], []
        for _, _, customers in prepared.chunks(5_000):
            made = policy.decide(customers, {})
            chosen.append(made.chosen)
            mu.append(
                np.column_stack([made.expected - cost - per_conversion * made.conversion, made.nothing])
            )
    offers = [offer.action.id for offer in policy.catalogue.offers]
    where = {action: j for j, action in enumerate([*offers, "nothing"])}
    arm = np.array([where[str(a)] for a in log.action_id])
    net = y - np.where(arm < len(offers), cost + per_conversion * bought, 0.0)
    assert bundle.outcome is not None
    return _judged(
        net, np.concatenate(mu), arm, np.concatenate(chosen), codes_of(list(log.customer_id)), offers,
        bundle.outcome.learner,
    )  # fmt: skip


def _judged(
    net: NDArray[np.float64], mu: NDArray[np.float64], arm: NDArray[np.int64], chosen: NDArray[np.int64],
    who: NDArray[np.int64], offers: list[str], learner: str,
) -> Judged:  # fmt: skip
    k, n = len(offers), len(net)
    gamma = dr_scores(net, mu, arm, (np.bincount(arm, minlength=k + 1) / n)[arm])
    pick = np.where(chosen < 0, k, chosen)
    of_policy = gamma[np.arange(n), pick]
    best = int(gamma[:, :k].mean(0).argmax())
    gained = of_policy - gamma[:, best]
    added = {
        name: (int((pick == j).sum()), float(np.where(pick == j, gained, 0.0).sum() / n))
        for j, name in enumerate([*offers, "nothing"])
        if (pick == j).any()
    }
    return Judged(
        mean_by_customer(net, who), mean_by_customer(of_policy, who), offers[best],
        mean_by_customer(gained, who), added, learner,
    )  # fmt: skip


def test_worth_against_the_log_and_the_best_single_offer(
    judged: Judged, request: pytest.FixtureRequest
) -> None:
    paid = "paid" in request.node.name
    print(
        f"\n{'paid' if paid else 'free'}: learner {judged.learner}, log {judged.log.value:.3f}, policy "
        f"{judged.policy.value:.3f} ± {judged.policy.se:.3f}, against {judged.best_single}: "
        f"{judged.difference.value:+.3f} ± {judged.difference.se:.3f}, from {judged.difference.low:+.3f}"
    )
    for action, (times, gain) in judged.added.items():
        print(f"  {action}: {times} times, added {gain:+.4f} a decision")
    assert judged.policy.value > 1.3 * judged.log.value
    assert judged.difference.low > (0.0 if paid else -0.3)
    assert len([a for a in judged.added if a != "nothing"]) > 1
