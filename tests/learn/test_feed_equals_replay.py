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

from nbatool.models.posterior import Posterior
from nbatool.store.online import OnlineStore


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
    call(shop.root, "score", "-q", "--as-of", "2026-03-05")
    replayed = belief(shop)
    assert fed.count == pytest.approx(replayed.count, rel=1e-12)
    assert fed.count == with_choice
    # They differ in how wide their prior is (the replay asks the outcomes), and in nothing the outcomes say; what a
    # night keeps of a context has seven digits.
    for one, other in zip(told_by(fed), told_by(replayed), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5 * np.abs(other).max())
