"""The fast learner fed window by window knows what the replay of the same windows at the next publication knows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from calls import call
from numpy.typing import NDArray
from small_shop import Shop

from nbatool.base.clock import DAY_S
from nbatool.models.posterior import Posterior
from nbatool.models.replay import Sums, believed
from nbatool.store.online import OnlineStore
from nbatool.store.workspace import open_workspace


def belief(shop: Shop) -> Posterior:
    online = OnlineStore(shop.root / "data" / "online.db")
    snapshot = online.learned.snapshot()
    online.close()
    assert snapshot is not None
    return Posterior.from_bytes(snapshot.body)


def told_by(posterior: Posterior) -> list[NDArray[np.float64]]:
    """What outcomes left behind, without the prior: Σ φφᵀ and Σ φ·residual of each arm."""
    sums = []
    for members, covariance in zip(posterior.groups, posterior.covariance, strict=True):
        related = np.linalg.inv(posterior.relation[np.ix_(members, members)])
        known = np.linalg.inv(covariance)
        sums += [
            known - np.kron(related, np.diag(1.0 / posterior.variance)),
            known @ posterior.weights[members].ravel(),
        ]
    return sums


def fed_and_replayed(ages_s: NDArray[np.float64], half_life_s: float) -> tuple[Posterior, Posterior]:
    """Outcomes of these ages, oldest first as they are fed live, and as one replay at the end weighs them."""
    rng = np.random.default_rng(0)
    n, arms = len(ages_s), [("a", "email"), ("b", "email"), ("nothing", None)]
    start = Posterior.start(arms, None, np.full(3, 1e-6), noise=1.0, half_life_s=half_life_s)
    phi = np.column_stack([np.ones(n), rng.normal(size=(n, 2))])
    arm, residual = np.arange(n) % 3, 3.0 * rng.normal(size=n)
    fed, now = start.copy(), float(ages_s.max())
    order = np.argsort(-ages_s, kind="stable")
    for i in order[::3]:
        fed.forget(now - ages_s[i])
        now = min(now, float(ages_s[i]))
        fed.update(phi[i], int(arm[i]), float(residual[i]))
    for i in np.delete(order, np.s_[::3]):
        # windows that close later than those of newer decisions: what they count for is their age then
        fed.update(phi[i], int(arm[i]), float(residual[i]), 2.0 ** (-(ages_s[i] - now) / half_life_s))
    fed.forget(now)
    sums = Sums.of(phi, arm.astype(np.int64), residual, 2.0 ** (-ages_s / half_life_s), 3)
    return fed, believed(start, sums)


def test_the_noise_is_that_of_the_replay_whatever_the_ages() -> None:
    """Ages up to a third of the half-life, a true variance of 9: weights below 1 count in the squares and in the count."""
    ages_s = np.random.default_rng(1).uniform(0, 30 * 86_400, 3000)
    fed, replayed = fed_and_replayed(ages_s, 90 * 86_400.0)
    assert fed.count == pytest.approx(replayed.count, rel=1e-9)
    assert fed.noise == pytest.approx(replayed.noise, rel=2e-3)
    assert 8.5 < fed.noise < 9.5


def test_feed_then_replay(logged_shop: Path, tmp_path: Path) -> None:
    """Customers of size 0 have no candidate here: what comes of them speaks of no choice, and neither learns from it."""
    shop = Shop(Path(shutil.copytree(logged_shop, tmp_path / "shop")))
    toml = shop.root / "nba.toml"
    toml.write_text(toml.read_text().replace("\ncost = 0.5", '\ncost = 0.5\neligible_when = "size > 0"'))
    call(shop.root, "score", "-q", "--as-of", "2026-03-05")
    start = belief(shop)
    rows = shop.rows(
        "select decision_id, action_id, source_id from decisions where source = 'nbatool' and as_of >= '2026-03-05'"
    )
    said = [
        {"decision_id": name, "status": "sent", "ts": "2026-03-05T01:00:00Z"} for name, action, _ in rows if action != "nothing"
    ] + [
        {"decision_id": name, "outcome": (int(who[1:]) % 7) - 2 * (action == "banner"), "ts": "2026-03-06"}
        for name, action, who in rows
    ]  # fmt: skip
    told = call(
        shop.root,
        "learn",
        "-",
        "--as-of",
        "2026-03-06",
        stdin="".join(json.dumps(line) + "\n" for line in said),
    )
    assert {row["status"] for row in told.rows} == {"confirmed", "credited"}
    done = call(shop.root, "learn", "--json", "--as-of", "2026-03-20").json
    with_choice = shop.rows(
        "select count(*) from decisions where as_of >= '2026-03-05' and len(list_filter(removed, lambda s: s = 0)) > 1"
    )[0][0]
    assert 300 < with_choice < 400
    assert (done["learned"], start.count) == (with_choice, 0.0)
    fed = belief(shop)
    # Who asks about the day of the decisions hears nothing of what came of them later.
    call(shop.root, "score", "-q", "--as-of", "2026-03-05")
    assert belief(shop).count == 0.0
    call(shop.root, "score", "-q", "--as-of", "2026-03-20")
    replayed = belief(shop)
    aged = 2.0 ** (-15 * DAY_S / open_workspace(shop.root).config.learning.half_life)
    assert fed.count * aged == pytest.approx(replayed.count, rel=1e-12)
    assert fed.count == with_choice
    # the replay's prior, and so what it leaves over, is its own
    assert fed.noise == pytest.approx(replayed.noise, rel=0.1)
    # They differ in how wide their prior is (the replay asks the outcomes) and in their age, and in nothing the outcomes
    # say; what a night keeps of a context has seven digits.
    for one, other in zip((aged * each for each in told_by(fed)), told_by(replayed), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5 * np.abs(other).max())
