"""Law 2: the night and the live door give one answer, also after what happened live went into the warehouse."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from calls import call, decide
from same_answer import every, live_rows, night_rows, shared

from nbatool.base.clock import US_PER_S, format_time, parse_time
from nbatool.base.seeds import generator
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import open_workspace

pytestmark = pytest.mark.slow

CUT = "2018-07-01T00:00:00Z"
EVENING = "2018-07-01T20:00:00Z"
NEXT_NIGHT = "2018-07-03T00:00:00.000001Z"
HOUR_US = 3600 * US_PER_S
Event = dict[str, Any]


@pytest.fixture
def shop(trained_world: Path, tmp_path: Path) -> Path:
    return shutil.copytree(trained_world, tmp_path / "shop")


def customers(workspace: Path, most: int) -> list[str]:
    with next((workspace / "out").glob("scores-*.csv")).open(encoding="utf-8") as file:
        return every((row["customer_id"] for row in csv.DictReader(file)), most)


def session_of(customer: str, k: int) -> list[Event]:
    """What a customer did on the first of July, with everything an event may carry; some did nothing."""
    rng = generator(0, f"session of {customer}")
    kinds = (
        "page_view",
        "add_to_cart",
        "purchase",
        "message_sent",
        "message_opened",
        "offer_redeemed",
        "novelty",
    )
    events: list[Event] = []
    for n in range(int(rng.integers(0, 5))):
        kind = kinds[rng.integers(len(kinds))]
        ts_us = parse_time(CUT) + int(rng.integers(0, 19 * HOUR_US))
        event: Event = {"event_id": f"live-{k}-{n}", "type": kind, "ts": format_time(ts_us)}
        if kind == "purchase":
            event |= {
                "value": round(float(rng.uniform(1, 90)), 2),
                "attributes": {"category": "tea", "on_sale": "no"},
            }
        if kind in ("message_sent", "message_opened", "offer_redeemed"):
            event |= {"action_id": ("survey", "win_back", "unheard of")[rng.integers(3)], "channel": "email"}
        elif rng.integers(2):
            event |= {"channel": "web"}
        events.append(event)
    return events


def as_file(sessions: dict[str, list[Event]], path: Path) -> Path:
    """The same events as a file of the shop."""
    names = ["event_id", "customer_id", "ts", "type", "value", "action_id", "channel", "category", "on_sale"]
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        for customer, events in sessions.items():
            for event in events:
                flat = {**event, **event.get("attributes", {}), "customer_id": customer}
                writer.writerow({name: flat.get(name, "") for name in names})
    return path


def requests(sessions: dict[str, list[Event]], **more: Any) -> Iterable[dict[str, Any]]:
    return [{"customer_id": customer, "events": events, **more} for customer, events in sessions.items()]


def unnamed(rows: dict[str, list[dict[str, Any]]], ids: Iterable[str]) -> dict[str, list[tuple[Any, ...]]]:
    """`shared` without the decisions' names: a request that tells of events is another one than one that does not."""
    return {customer: [row[1:] for row in found] for customer, found in shared(rows, ids).items()}


def stored(workspace: Path, like: str) -> list[tuple[Any, ...]]:
    with open_warehouse(open_workspace(workspace)) as warehouse:
        return warehouse.con.execute(
            "select event_id, source_id, ts, type, value, action_id, channel from events "
            "where event_id like $1 order by all", [like],
        ).fetchall()  # fmt: skip


def test_at_the_cut(shop: Path) -> None:
    night = night_rows(shop)
    ids = customers(shop, 500)
    live = live_rows(shop, [{"customer_id": i} for i in ids], CUT)
    assert len(ids) >= 350
    assert shared(live, ids) == shared(night, ids)
    assert {rows[0]["action_id"] for rows in live.values()} >= {"nothing", "ten_percent_off"}
    report = call(shop, "parity", "--customers", "500", "--json").json
    assert (report["differences"], report["customers"]) == ([], 500)


def test_what_happened_live_counts_at_once_and_once(shop: Path, trained_world: Path, tmp_path: Path) -> None:
    ids = customers(shop, 500)
    sessions = {customer: session_of(customer, k) for k, customer in enumerate(ids)}
    happened = sum(map(len, sessions.values()))
    assert happened > 500

    # In the session, and again later when the journal tells of it: the same answer.
    in_session = live_rows(shop, requests(sessions), EVENING)
    journalled = live_rows(shop, [{"customer_id": i} for i in ids], EVENING)
    again = live_rows(shop, requests(sessions), EVENING)
    assert shared(in_session, ids) == shared(again, ids)
    assert unnamed(journalled, ids) == unnamed(in_session, ids)
    before_the_night = live_rows(shop, [{"customer_id": i} for i in ids], NEXT_NIGHT)

    # At night the journal is drained; the answer is the one given live before, and after.
    night = night_rows(shop, "--as-of", NEXT_NIGHT)
    assert len(stored(shop, "live-%")) == happened
    assert shared(before_the_night, ids) == shared(night, ids)
    assert shared(live_rows(shop, [{"customer_id": i} for i in ids], NEXT_NIGHT), ids) == shared(night, ids)

    # Had the events come by a file, the night would have said the same, about everybody.
    by_file = shutil.copytree(trained_world, tmp_path / "by_file")
    file = as_file(sessions, tmp_path / "first-of-july.csv.gz")
    call(by_file, "ingest", "-q", "--source", "events", str(file))
    assert night_rows(by_file, "--as-of", NEXT_NIGHT) == night
    assert stored(by_file, "live-%") == stored(shop, "live-%")

    # And when the file comes too, nothing is counted twice, whichever door was first.
    call(shop, "ingest", "-q", "--source", "events", str(file))
    decide(by_file, requests(sessions, as_of=NEXT_NIGHT))
    for workspace in (shop, by_file):
        assert night_rows(workspace, "--as-of", NEXT_NIGHT) == night
        assert len(stored(workspace, "live-%")) == happened


@pytest.mark.parametrize("method", ["inverse_gap", "thompson"])
def test_exploring_and_in_an_experiment_both_doors_choose_alike(shop: Path, method: str) -> None:
    """Arms, chances and draws too, for everybody, to the last bit; and the log holds what both said."""
    with (shop / "nba.toml").open("a", encoding="utf-8") as toml:
        toml.write(
            f'\n[exploration]\nmethod = "{method}"\nshare = 0.3\nmin_probability = 0.001\nmax_loss = 5\ndraws = 200\n'
            '[experiment]\nname = "law"\ncontrol = 0.1\ncomponent_arms = 0.3\n'
        )
    night = night_rows(shop)
    live = live_rows(shop, [{"customer_id": i, "dry_run": True} for i in night], CUT)
    assert shared(live, night) == shared(night, night)
    assert {rows[0]["arm"] for rows in night.values()} == {
        "policy", "control", "random", "model_only", "rules_only",
    }  # fmt: skip
    assert len({rows[0]["selection_probability"] for rows in night.values()}) > 20
    report = call(shop, "parity", "--customers", str(len(night)), "--json").json
    assert (report["differences"], report["customers"]) == ([], len(night))
    with open_warehouse(open_workspace(shop)) as warehouse:
        logged = warehouse.con.execute(
            "select source_id, decision_id, action_id, arm, probability, probability_in_arm, probabilities "
            "from decisions where source = 'nbatool' and as_of = cast($1 as timestamp)", [CUT[:-1]],
        ).fetchall()  # fmt: skip
    assert len(logged) == len(night)
    for customer, name, action, arm, overall, in_arm, chances in logged:
        said, told = night[customer][0], live[customer][0]
        assert (said["decision_id"], said["action_id"], said["arm"]) == (name, action, arm)
        assert said["selection_probability"] == told["selection_probability"] == overall
        assert told["probability_in_arm"] == in_arm
        assert abs(sum(chances) - 1.0) < 1e-6


def test_events_without_an_id_count_in_their_session_only(shop: Path) -> None:
    ids = customers(shop, 60)
    plain = {i: [{k: v for k, v in e.items() if k != "event_id"} for e in session_of(i, 0)] for i in ids}
    before = live_rows(shop, [{"customer_id": i} for i in ids], EVENING)
    during = live_rows(shop, requests(plain), EVENING)
    assert shared(during, ids) != shared(before, ids)
    assert shared(live_rows(shop, [{"customer_id": i} for i in ids], EVENING), ids) == shared(before, ids)
    dry = {i: session_of(i, 0) for i in ids}
    assert shared(live_rows(shop, requests(dry, dry_run=True), EVENING), ids) == shared(during, ids)
    assert shared(live_rows(shop, [{"customer_id": i} for i in ids], EVENING), ids) == shared(before, ids)


def test_the_same_request_has_the_same_answer_and_a_request_id_names_another_decision(shop: Path) -> None:
    one = {"customer_id": "c000017", "as_of": EVENING, "request_id": "r1", "explain": True, "dry_run": True}
    first, second, other = decide(shop, [one, one, {**one, "request_id": "r2"}])
    assert first == second
    assert other["actions"] == first["actions"]
    assert other["decision_id"] != first["decision_id"]
    assert json.loads(call(shop, "decide", stdin=json.dumps(one)).out) == first
