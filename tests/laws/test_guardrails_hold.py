"""Law 3: caps, gaps, consent and quiet hours hold on the customer, whoever decides: the night, a stream, or both."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from calls import call, decide
from same_answer import every

from nbatool.base.clock import US_PER_S, format_time, parse_time
from nbatool.store.contact import Held
from nbatool.store.online import OnlineStore
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import open_workspace

pytestmark = pytest.mark.slow

CUT = "2018-07-01T00:00:00Z"
DAY_US = 86_400 * US_PER_S
GUARDRAILS = """
[[source]]
name = "permissions"
kind = "consent"
files = ["consent.csv"]
[source.map]
customer_id = "id"
channel = "channel"
ts = "ts"
state = "state"

[exploration]
method = "epsilon"
share = 0.5
max_loss = 5.0

[guardrails]
max_contacts = [ { limit = 2, window = "7d" }, { channel = "email", limit = 1, window = "7d" } ]
min_gap = { same_action = "10d", tags = { promo = "2d" } }
quiet_hours = [ { start = "21:00", end = "08:00", channels = ["email", "push"] } ]
require_consent = ["push"]
suppress = [ { when = "age > 70", reason = "elderly", channel = "web" } ]
"""
CAPS = ((2, 7, None, None), (1, 7, "channel", "email"), (1, 2, "tag", "promo"))
"""(limit, days, subject, name): the rules of above but the gap of the same action, written plainly."""
SAME_ACTION_DAYS = 10
Contact = tuple[int, str, str | None, tuple[str, ...], bool]
"""When, action, channel, tags, whether it is ours."""


@pytest.fixture(scope="module")
def shop(trained_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two nights with a day of live decisions between them."""
    root: Path = shutil.copytree(trained_world, tmp_path_factory.mktemp("guarded") / "shop")
    with (root / "nba.toml").open("a", encoding="utf-8") as file:
        file.write(GUARDRAILS)
    ids = sorted(row["customer_id"] for row in scores_of(root))
    said = [(i, "push", "2018-01-01", "in") for i in ids[::3]]
    said += [(i, "push", "2018-03-01", "out") for i in ids[::6]] + [
        (i, "email", "2018-03-01", "out") for i in ids[::5]
    ]
    with (root / "consent.csv").open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows([("id", "channel", "ts", "state"), *said])
    call(root, "ingest", "--quiet")
    call(root, "score", "--quiet")
    for hour in (7, 12, 30):
        decide(root, in_the_day(ids, hour), "--quiet")
    call(root, "score", "--quiet", "--as-of", "2018-07-03T05:00:00Z")
    return root


def scores_of(root: Path) -> list[dict[str, str]]:
    with next((root / "out").glob("scores-*.csv")).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def in_the_day(ids: Sequence[str], hour: int) -> list[dict[str, Any]]:
    as_of = format_time(parse_time(CUT) + hour * 3600 * US_PER_S)
    return [{"customer_id": i, "as_of": as_of, "request_id": f"at {hour}"} for i in every(ids, 150)]


def contacts_of(root: Path) -> dict[str, list[Contact]]:
    """Every contact of everybody: those of the contact log, and the events that name none of them."""
    online = OnlineStore(root / "data" / "online.db")
    found: dict[str, list[Contact]] = {}
    own = set()
    for held in (row for rows in online.ledger.held_since(0) for row in rows.contacts()):
        found.setdefault(held.customer_id, []).append(
            (held.at_us, held.action_id, held.channel, held.tags, True)
        )
        own.add(held.decision_id)
    online.close()
    tags = {row["action"]: row["tags"] for row in catalogue_of(root)}
    with open_warehouse(open_workspace(root)) as warehouse:
        rows = warehouse.con.execute(
            "select source_id, epoch_us(ts), action_id, channel, decision_id from events where type = 'message_sent'"
        ).fetchall()
    for customer, at_us, action, channel, decision in rows:
        if decision not in own:
            found.setdefault(customer, []).append((at_us, action, channel, tags.get(action, ()), False))
    return found


def catalogue_of(root: Path) -> Iterator[dict[str, Any]]:
    for entry in json.loads((root / "catalogue.json").read_text()):
        yield {"action": entry["id"], "tags": tuple(entry["tags"])}


def matches(contact: Contact, subject: str | None, name: str | None) -> bool:
    _, action, channel, tags, _ = contact
    return {None: True, "channel": channel == name, "action": action == name, "tag": name in tags}[subject]


def test_no_window_holds_more_than_its_cap(shop: Path) -> None:
    contacts = contacts_of(shop)
    ours = [(c, each) for c, all_ in contacts.items() for each in all_ if each[4]]
    assert len(ours) > 400
    full = 0
    for customer, contact in ours:
        rules = [*CAPS, (1, SAME_ACTION_DAYS, "action", contact[1])]
        for limit, days, subject, name in rules:
            if not matches(contact, subject, name):
                continue
            inside = [
                other for other in contacts[customer]
                if contact[0] - days * DAY_US < other[0] <= contact[0] and matches(other, subject, name)
            ]  # fmt: skip
            assert len(inside) <= limit, (customer, contact, inside)
            full += len(inside) == limit > 1
    assert full > 20, "the caps were never reached: the test would see nothing"


def test_consent_and_conditions_hold(shop: Path) -> None:
    with open_warehouse(open_workspace(shop)) as warehouse:
        out = set(warehouse.con.execute(
            "select source_id, channel from consent group by all having arg_max(state, ts) = 'out'"
        ).fetchall())  # fmt: skip
        agreed = set(warehouse.con.execute(
            "select source_id from consent where channel = 'push' group by all having arg_max(state, ts) = 'in'"
        ).fetchall())  # fmt: skip
        old = {row[0] for row in warehouse.con.execute(
            "select source_id from customers where cast(attributes ->> 'age' as int) > 70"
        ).fetchall()}  # fmt: skip
    seen = {"push": 0, "old": 0}
    for customer, contacts in contacts_of(shop).items():
        for _, _, channel, _, is_ours in contacts:
            if is_ours:
                assert (customer, channel) not in out
                assert channel != "push" or (customer,) in agreed
                assert channel != "web" or customer not in old
                seen["push"] += channel == "push"
                seen["old"] += customer in old
    assert min(seen.values()) > 5


def test_nothing_goes_out_in_quiet_hours(shop: Path) -> None:
    zones = zones_of(shop)
    waited = 0
    for customer, contacts in contacts_of(shop).items():
        for at_us, _, channel, _, is_ours in contacts:
            if is_ours and channel in ("email", "push"):
                local = datetime.fromtimestamp(at_us / US_PER_S, ZoneInfo(zones.get(customer) or "UTC"))
                assert 8 <= local.hour < 21, (customer, local)
                waited += at_us % (3600 * US_PER_S) == 0 and at_us != parse_time(CUT)
    assert waited > 20


def zones_of(root: Path) -> dict[str, str | None]:
    with open_warehouse(open_workspace(root)) as warehouse:
        return dict(warehouse.con.execute("select source_id, timezone from customers").fetchall())


def test_batch_and_live_are_one_answer_with_guardrails(shop: Path) -> None:
    assert call(shop, "parity", "--json").json["differences"] == []


def test_scored_again_a_night_reserves_once(shop: Path, tmp_path: Path) -> None:
    again: Path = shutil.copytree(shop, tmp_path / "again")
    before = held_by(again)
    call(again, "score", "--quiet", "--as-of", "2018-07-03T05:00:00Z")
    assert held_by(again) == before


def held_by(root: Path) -> list[Held]:
    online = OnlineStore(root / "data" / "online.db")
    found = [row for rows in online.ledger.held_since(0) for row in rows.contacts()]
    online.close()
    return sorted(found, key=lambda h: (h.customer_id, h.decision_id, h.slot))


def test_a_released_contact_frees_its_cap(shop: Path, tmp_path: Path) -> None:
    root: Path = shutil.copytree(shop, tmp_path / "released")
    with (root / "nba.toml").open(encoding="utf-8") as file:
        text = file.read()
    assert "limit = 2" in text
    night = "2018-07-03T04:00:00Z"
    held = [h for h in held_by(root) if h.at_us < parse_time(CUT) + 2 * DAY_US]
    someone = next(h.customer_id for h in held if sum(o.customer_id == h.customer_id for o in held) == 2)
    ask = {"customer_id": someone, "as_of": "2018-07-03T16:00:00Z", "explain": True, "dry_run": True}
    [full] = decide(root, [ask])
    assert full["actions"][0]["action_id"] == "nothing"
    assert "at most 2 contacts in 7d" in " ".join(full["funnel"]["removed"].values())
    for each in (h for h in held if h.customer_id == someone):
        told = {"decision_id": each.decision_id, "status": "released", "ts": night}
        call(root, "learn", "-", stdin=f"{json.dumps(told)}\n")
    [free] = decide(root, [ask])
    assert free["funnel"]["cap"] > full["funnel"]["cap"]


def test_a_live_answer_says_when_quiet_hours_end(shop: Path) -> None:
    ask = {"customer_id": "somebody new", "as_of": "2018-07-03T06:00:00Z", "explain": True, "dry_run": True}
    [late] = decide(shop, [ask])
    assert late["quiet_until"] == "2018-07-03T08:00:00Z"
    words = late["funnel"]["removed"]["survey (email)"]
    assert words == "quiet hours: email may go out at 2018-07-03T08:00:00Z"
