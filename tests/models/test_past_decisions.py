"""A version learned from a decision log: customers without any event, requests that said something, logged chances."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from calls import call
from logged_shop import LOG, OFFERS, PEOPLE

from nbatool.base.clock import parse_time
from nbatool.models import past_decisions, registry
from nbatool.models.bundle import Bundle
from nbatool.models.context_input import ContextInput, fit_context_input, said_of
from nbatool.models.past_decisions import read_past_decisions
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import open_workspace

N = 3_000
TOML = f"""{PEOPLE}
{LOG}channel = "'web'"
context.page = "page"
{OFFERS}"""


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Chances depend on the page; the banner brings 3 on the page "home" and costs 1 elsewhere, the coupon 2 anywhere."""
    root = tmp_path_factory.mktemp("logged")
    (root / "nba.toml").write_text(TOML)
    random = np.random.default_rng(0)
    size, home = random.normal(size=N), random.random(N) < 0.5
    chances = np.where(home[:, None], [0.6, 0.2, 0.2], [0.2, 0.2, 0.6])
    action = (random.random(N)[:, None] > np.cumsum(chances, axis=1)).sum(1)
    effect = np.where(action == 0, np.where(home, 3.0, -1.0), np.where(action == 1, 2.0, 0.0))
    value = 10 + 2 * size + 4 * home + effect + random.normal(size=N)
    names = ("banner", "coupon", "nothing")
    (root / "people.csv").write_text("id,size\n" + "".join(f"c{i},{size[i]:.4f}\n" for i in range(N)))
    rows = [
        f"d{i},c{i},2024-01-{1 + i % 20:02d} 10:00:00,{names[action[i]]},{chances[i, action[i]]},"
        f"{'home' if home[i] else 'other'},{value[i]:.4f}\n"
        for i in range(N)
    ]
    (root / "log.csv").write_text("d,id,ts,action,p,page,value\n" + "".join(rows))
    call(root, "ingest", "-q")
    call(root, "train", "-q")
    return root


def bundle_of(root: Path) -> Bundle:
    version = registry.champion(root / "models")
    assert version is not None
    return Bundle.from_files(registry.load_files(root / "models", version))


def test_a_log_without_events_trains_a_model_of_its_decisions(logged: Path) -> None:
    bundle = bundle_of(logged)
    assert bundle.outcome is not None
    assert bundle.decision is not None
    card = bundle.outcome.card
    assert (card["n_rows"], card["contacts_in_log"]) == (N, N - card["n_nothing"])
    assert card["assignment"] == "logged"
    assert bundle.decision.context == ContextInput(("page",), {"page": ("home", "other")})
    assert "context.page" in bundle.decision.names
    assert card["difference"]["reliable"]
    found = card["uplift_by_action"]
    names = card["actions"]
    for name, true in (("banner", 1.0), ("coupon", 2.0)):
        one = found[str(names.index(name))]
        # the banner's contacts are mostly of the page where it works: weights must take that out of the measured mean
        assert abs(one["measured"] - true) < 4 * one["se"]


def test_windows_that_were_told_are_closed_and_others_wait(logged: Path) -> None:
    workspace = open_workspace(logged)
    with open_warehouse(workspace, read_only=True) as warehouse:
        past = read_past_decisions(
            warehouse.con, workspace.config, from_us=0, as_of_us=parse_time("2024-01-21"), seed=0
        )
        assert past is not None
        assert len(past.table) == N
        assert not past.from_events.any()
        early = read_past_decisions(
            warehouse.con, workspace.config, from_us=0, as_of_us=parse_time("2024-01-03"), seed=0
        )
        assert early is not None
        assert len(early.table) == 2 * N // 20
        assert (
            read_past_decisions(
                warehouse.con, workspace.config, from_us=0, as_of_us=parse_time("2023-01-01"), seed=0
            )
            is None
        )


def test_the_newest_decisions_of_a_log_too_long_are_learned_from(
    logged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_decisions, "MOST_ROWS", N // 5)
    monkeypatch.setattr(past_decisions, "least_span_us", lambda _: 0)
    read, read_from = past_decisions.read_decision_table, []

    def noted(con: Any, objectives: Any, **bounds: Any) -> Any:
        read_from.append(bounds["from_us"])
        return read(con, objectives, **bounds)

    monkeypatch.setattr(past_decisions, "read_decision_table", noted)
    workspace = open_workspace(logged)
    with open_warehouse(workspace, read_only=True) as warehouse:
        past = read_past_decisions(
            warehouse.con, workspace.config, from_us=0, as_of_us=parse_time("2024-01-21"), seed=0
        )
    assert past is not None
    assert len(past.table) == N // 5  # of the 20 days, the last 4
    assert read_from == [past.newest_from_us]  # the rest of the log is counted, and not read
    assert past.newest_from_us == past.table.as_of_us.min() == parse_time("2024-01-17T10:00:00Z")


def test_a_live_decision_hears_what_the_request_says(logged: Path) -> None:
    call(logged, "score", "-q")
    asked = "\n".join(
        json.dumps({"customer_id": "c1", "context": {"page": page}}) for page in ("home", "other")
    )
    lines = call(logged, "decide", stdin=asked).out.splitlines()
    best = [json.loads(line)["actions"][0] for line in lines]
    assert [each["action_id"] for each in best] == ["banner", "coupon"]
    assert best[0]["uplift"] == pytest.approx(3.0, abs=0.8)


def test_columns_of_requests() -> None:
    said = said_of(['{"page": "home", "n": 2, "list": [1]}', '{"n": true}', None])
    found = fit_context_input(said)
    assert (found.names, found.categorical) == (("context.n", "context.page"), ("context.page",))
    x = found.encode(said, 3)
    assert x[:, 0].tolist()[:2] == [2.0, 1.0]
    assert np.isnan(x[2]).all()
    assert (found.encode(said[0], 2) == x[0]).all()
    assert np.isnan(found.encode(None, 1)).all()
    assert ContextInput.from_json(found.to_json()) == found
