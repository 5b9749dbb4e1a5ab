"""Law 2: questions decided together get the answers they get one after the other, and the same is kept of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from calls import call
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbatool.base.clock import format_time
from nbatool.base.errors import NbaError
from nbatool.decide.decision import STEPS
from nbatool.decide.live import LiveService
from nbatool.decide.live_group import Asked, Deciding, Outcome
from nbatool.store.contact import Contact
from nbatool.store.online import OnlineStore

pytestmark = pytest.mark.slow

GUARDRAILS = """
[experiment]
control = 0.1
component_arms = 0.2

[exploration]
method = "epsilon"
share = 0.5
max_loss = 5.0

[guardrails]
max_contacts = [ { limit = 3, window = "7d" }, { channel = "email", limit = 1, window = "7d" } ]
min_gap = { same_action = "10d", tags = { promo = "2d" } }
quiet_hours = [ { start = "21:00", end = "08:00", channels = ["email", "push"] } ]
suppress = [
  { when = "context.page = 'exit'", reason = "leaves", channel = "web" },
  { when = "context.page > 2", reason = "reads on", channel = "web" },
]
"""
HOUR_US = 3_600_000_000
Line = dict[str, Any]


@pytest.fixture(scope="module")
def service(trained_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    root = Path(shutil.copytree(trained_world, tmp_path_factory.mktemp("groups") / "shop"))
    with (root / "nba.toml").open("a", encoding="utf-8") as file:
        file.write(GUARDRAILS)
    call(root, "score", "--quiet")
    made = LiveService(root / "data", root / "models")
    yield made
    made.close()


@pytest.fixture(scope="module")
def cut_us(service: LiveService) -> int:
    return service.in_force().published.cut_us


@pytest.fixture(scope="module")
def ids(service: LiveService) -> list[str]:
    return service.in_force().state.customer_ids()[:60:12]


EVENTS = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["page_view", "purchase", "message_sent", "unsubscribe"])},
        optional={
            "event_id": st.sampled_from(["e1", "e2", "e3"]),
            "channel": st.sampled_from(["email", "web"]),
            "value": st.just(7),
        },
    ),
    max_size=2,
)
REQUESTS = st.fixed_dictionaries(
    {"customer": st.sampled_from([0, 0, 0, 1, 2, 3, 4, "stranger", None])},
    optional={
        "hour": st.sampled_from([-1, 0, 9, 10, 20, 34]),
        "request_id": st.sampled_from(["r1", "r2", "r3"]),
        "events": EVENTS,
        "actions": st.sampled_from([[], ["win_back", "nonsense"], ["free_shipping"]]),
        "channel": st.sampled_from(["email", "web", "pigeon"]),
        "context": st.sampled_from([{"page": "exit"}, {"page": "home"}, {"page": 3}]),
        "slate": st.booleans(),
        "top": st.sampled_from([0, 1, 3]),
        "dry_run": st.booleans(),
        "explain": st.booleans(),
    },
)
LINES = st.lists(st.one_of(REQUESTS, REQUESTS, REQUESTS, st.just({"broken": "{"})), min_size=1, max_size=8)


def line_of(asked: Line, ids: Sequence[str], cut_us: int) -> str:
    if "broken" in asked:
        return str(asked["broken"])
    said = {name: value for name, value in asked.items() if name not in {"customer", "hour"}}
    customer = asked["customer"]
    if customer is not None:
        said["customer_id"] = ids[customer] if isinstance(customer, int) else customer
    if (hour := asked.get("hour")) is not None:
        said["as_of"] = format_time(cut_us + hour * HOUR_US)
    if "events" in said:
        moment_us = cut_us + (hour or 1) * HOUR_US - 60_000_000
        said["events"] = [{**e, "ts": format_time(moment_us)} for e in said["events"]]
    return json.dumps(said)


def told(found: Sequence[Line | NbaError]) -> list[str]:
    return [str(one) if isinstance(one, NbaError) else json.dumps(one) for one in found]


class UndoneError(Exception):
    """What was done is not to stay."""


def left_by(service: LiveService, ask: Callable[[], list[Line | NbaError]]) -> tuple[list[str], list[Any]]:
    """What was answered, and every row of the store then; nothing of it stays."""
    con = service._online._connection._con
    found: list[Any] = []
    with suppress(UndoneError), service._online.transaction():
        found.append(told(ask()))
        tables = [
            row[0] for row in con.execute("select name from sqlite_master where type = 'table' order by 1")
        ]
        found.append([con.execute(f'select * from "{name}" order by 1, 2').fetchall() for name in tables])
        raise UndoneError
    return found[0], found[1]


def one_by_one(service: LiveService, lines: Sequence[str]) -> list[Line | NbaError]:
    found: list[Line | NbaError] = []
    for line in lines:
        try:
            found.append(service.answer(line))
        except NbaError as error:
            found.append(error)
    return found


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(asked=LINES)
def test_a_group_is_answered_as_one_by_one(
    asked: list[Line], service: LiveService, ids: list[str], cut_us: int
) -> None:
    lines = [line_of(one, ids, cut_us) for one in asked]
    alone = left_by(service, lambda: one_by_one(service, lines))
    together = left_by(service, lambda: service.answer_group(lines))
    assert together[0] == alone[0]
    assert together[1] == alone[1]


def test_texts_and_numbers_of_a_context_stay_apart(service: LiveService, ids: list[str], cut_us: int) -> None:
    """No column holds both: the number one request says is no null because another one says a text."""
    asked = [
        {"customer": k, "hour": 9, "context": {"page": page}} for k, page in enumerate(["home", 3, "exit"])
    ]
    lines = [line_of(one, ids, cut_us) for one in asked]
    alone = left_by(service, lambda: one_by_one(service, lines))
    assert left_by(service, lambda: service.answer_group(lines)) == alone


def test_a_cap_reached_within_a_group_holds(service: LiveService, ids: list[str], cut_us: int) -> None:
    lines = [
        json.dumps(
            {"customer_id": i, "as_of": format_time(cut_us + (12 + k) * HOUR_US), "request_id": f"{k}"}
        )
        for k in range(5)
        for i in ids
    ]
    answers, _ = left_by(service, lambda: service.answer_group(lines))
    contacts = [json.loads(answer)["actions"][0]["channel"] for answer in answers]
    for k in range(len(ids)):
        assert sum(channel is not None for channel in contacts[k :: len(ids)]) <= 3
    assert any(contacts)
    assert answers == left_by(service, lambda: one_by_one(service, lines))[0]


def test_slates_keep_caps_among_their_places(service: LiveService, ids: list[str], cut_us: int) -> None:
    as_of = format_time(cut_us + 12 * HOUR_US)
    every = service.in_force().state.customer_ids()
    lines = [
        json.dumps({"customer_id": i, "as_of": as_of, "slate": True, "top": 6, "request_id": "s"})
        for i in every
    ]
    answers, _ = left_by(service, lambda: service.answer_group(lines))
    most = 0
    for answer in answers:
        shown = [one for one in json.loads(answer)["actions"] if one["channel"] is not None]
        assert len(shown) <= 3
        assert sum("email" in one["channel"] for one in shown) <= 1
        assert all(one["selection_probability"] > 0 for one in shown)
        most = max(most, len(shown))
    assert most > 1


def test_what_another_process_reserved_meanwhile_counts(
    service: LiveService, ids: list[str], cut_us: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between reading and keeping, one customer of the group gets all the contacts the cap allows."""
    moment_us = cut_us + 12 * HOUR_US
    worked_out, groups = Deciding._worked_out, list[list[str | None]]()

    def overtaken(self: Deciding, asked: Sequence[Asked]) -> list[Outcome]:
        found = worked_out(self, asked)
        groups.append([one.question.customer_id for one in asked])
        if len(groups) == 1:
            other = OnlineStore(service._online.path)
            other.ledger.reserve(
                Contact(ids[1], f"d_other{k}", 1, "other", "app", (), moment_us - k) for k in range(3)
            )
            other.close()
        return found

    monkeypatch.setattr(Deciding, "_worked_out", overtaken)
    lines = [
        json.dumps({"customer_id": i, "as_of": format_time(moment_us), "request_id": "x", "explain": True})
        for i in ids
    ]
    answers = service.answer_group(lines)
    assert groups == [ids, [ids[1]]]
    overtaken_answer = answers[1]
    assert isinstance(overtaken_answer, dict)
    assert overtaken_answer["actions"][0]["action_id"] == "nothing"
    counts = overtaken_answer["funnel"]
    assert counts[STEPS[STEPS.index("cap")]] == 0
