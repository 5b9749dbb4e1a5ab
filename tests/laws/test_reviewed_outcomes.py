"""What a person looks at has no outcome until it goes out, and from then on that of its own window: through the commands."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from calls import call
from small_shop import Shop

pytestmark = pytest.mark.slow

REVIEW = """
[guardrails]
review = [ { when = "action.id = 'coupon'", reason = "dear" } ]
"""
NIGHT, NEXT = "2026-03-05", "2026-03-10"


@pytest.fixture(scope="module")
def scored(logged_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = Path(shutil.copytree(logged_shop, tmp_path_factory.mktemp("reviewed") / "shop"))
    toml = root / "nba.toml"
    toml.write_text(toml.read_text().replace('within = "7d"', 'within = "5d"') + REVIEW)
    call(root, "score", "-q", "--as-of", NIGHT)
    return root


@pytest.fixture
def shop(scored: Path, tmp_path: Path) -> Shop:
    return Shop(Path(shutil.copytree(scored, tmp_path / "shop")))


def waiting(shop: Shop) -> list[str]:
    said = call(shop.root, "review", "list", "--json", "--most", "9999").json["reviews"]
    return sorted(row["decision_id"] for row in said)


def file_of(shop: Shop, day: str) -> list[str]:
    with (shop.root / "out" / f"actions-{day}.csv").open(encoding="utf-8") as file:
        return [row["decision_id"] for row in csv.DictReader(file)]


def told(shop: Shop, day: str, *lines: dict[str, Any], code: int = 0) -> list[str]:
    stdin = "".join(json.dumps(line) + "\n" for line in lines)
    rows = call(shop.root, "learn", "-", "-q", "--as-of", day, stdin=stdin, code=code).rows
    return [row["status"] if "status" in row else row["error"]["message"] for row in rows]


def brought(name: str, day: str, amount: float) -> dict[str, Any]:
    return {"decision_id": name, "outcome": amount, "ts": day}


def became(shop: Shop, *names: str) -> list[tuple[float | None, bool]]:
    """Of each decision the outcome its window was closed with, and whether it expired."""
    closed = dict(shop.rows("select decision_id, outcome from closed"))
    expired = {n for (n,) in shop.rows("select decision_id from contact_states where status = 'expired'")}
    return [(closed.get(name), name in expired) for name in names]


def test_windows_begin_when_a_person_lets_a_contact_go_out(shop: Shop) -> None:
    approved, rejected, *left = waiting(shop)
    sent = [{"decision_id": name, "status": "sent"} for name in file_of(shop, NIGHT)]
    assert set(told(shop, "2026-03-06", *sent)) == {"confirmed"}
    [error] = told(shop, "2026-03-07", brought(approved, "2026-03-07", 50), code=4)
    assert "waits for review" in error
    assert waiting(shop) == sorted([approved, rejected, *left])

    call(shop.root, "review", "approve", approved)
    call(shop.root, "review", "reject", rejected)
    assert call(shop.root, "score", "--json", "--as-of", NEXT).json["approved"] == 1
    assert approved in file_of(shop, NEXT)
    lines = [brought(approved, "2026-03-09", 100), {"decision_id": approved, "status": "sent"}]
    lines += [brought(approved, day, value) for day, value in (("2026-03-12", 7), ("2026-03-15", 1000))]
    found = told(shop, "2026-03-12", *lines, code=4)
    assert found[0].startswith(
        "ts 2026-03-09T00:00:00Z lies before its contact went out, 2026-03-10T00:00:00Z"
    )
    assert found[1:] == ["confirmed", "credited", "late"]

    done = call(shop.root, "learn", "--json", "--as-of", "2026-03-14").json
    assert became(shop, approved, rejected, *left) == [(None, False)] * (2 + len(left)), "none has ended"
    assert done["in_review"] == len(waiting(shop)) > len(left), "those of both nights"
    done = call(shop.root, "learn", "--json", "--as-of", "2026-04-04").json
    assert became(shop, approved, rejected, *left) == [(7.0, False)] + [(None, False)] * (1 + len(left))
    assert done["in_review"] == len(waiting(shop))
    assert done["open"] == 0


def test_after_thirty_days_it_still_waits_and_may_go_out(shop: Shop) -> None:
    name = waiting(shop)[0]
    call(shop.root, "learn", "-q", "--as-of", "2026-04-04")
    assert became(shop, name) == [(None, False)]
    call(shop.root, "review", "approve", name)
    call(shop.root, "score", "-q", "--as-of", "2026-04-04")
    assert name in file_of(shop, "2026-04-04")
    lines = [{"decision_id": name, "status": "sent"}, brought(name, "2026-04-06", 3)]
    assert told(shop, "2026-04-06", *lines) == ["confirmed", "credited"]
    call(shop.root, "learn", "-q", "--as-of", "2026-04-20")
    assert became(shop, name) == [(3.0, False)]


def test_the_same_night_scored_again_says_what_waits_now(shop: Shop) -> None:
    before = waiting(shop)
    logged = "select decision_id, as_of::varchar, out_at from reviewed order by decision_id"
    assert shop.rows(logged) == [(name, f"{NIGHT} 00:00:00", None) for name in before]
    call(shop.root, "review", "approve", before[0])
    call(shop.root, "score", "-q", "--as-of", NIGHT)
    assert before[0] in file_of(shop, NIGHT)
    assert waiting(shop) == before[1:]
    out = "select decision_id from reviewed where out_at = as_of"
    assert (len(shop.rows(logged)), shop.rows(out)) == (len(before), [(before[0],)])
    toml = shop.root / "nba.toml"
    toml.write_text(toml.read_text().replace(REVIEW, ""))
    call(shop.root, "score", "-q", "--as-of", NIGHT)
    assert shop.rows("select decision_id from reviewed") == [(before[0],)]
    call(shop.root, "learn", "-q", "--as-of", "2026-03-20")
    assert all(expired for _, expired in became(shop, *before)), "ordinary contacts that nobody confirmed"


def test_a_workspace_of_before_opens(shop: Shop) -> None:
    shop.rows("drop table reviewed")
    call(shop.root, "learn", "-q", "--as-of", "2026-03-06")
    assert shop.rows("select count(*) from reviewed") == [(0,)]


def test_what_a_version_before_left_waiting_waits_on(shop: Shop) -> None:
    before = waiting(shop)
    rows = call(shop.root, "review", "list", "--json", "--most", "9999").json["reviews"]
    [customer] = [row["customer_id"] for row in rows if row["decision_id"] == before[0]]
    call(shop.root, "review", "approve", before[0])
    call(shop.root, "suppress", "add", "--customer", customer, "--reason", "moved")
    shop.rows("drop table reviewed")
    assert call(shop.root, "score", "--json", "--as-of", "2026-03-06").json["approved"] == 0, "held back"
    assert shop.rows("select decision_id from reviewed where as_of = '2026-03-05' order by 1") == [
        (name,) for name in before
    ]
    call(shop.root, "learn", "-q", "--as-of", "2026-04-04")
    assert became(shop, *before) == [(None, False)] * len(before)
