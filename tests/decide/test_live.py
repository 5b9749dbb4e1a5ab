"""Live decisions: an event told twice counts once, also over a night."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from calls import call

from nbatool.base.clock import format_time
from nbatool.decide.live import LiveService
from nbatool.decide.request import Request, check_request
from nbatool.decide.request_events import RequestEvent
from nbatool.profile.consent import OUT, UNKNOWN, state_of

CONSENT = """
[[source]]
name = "consent"
kind = "consent"
files = ["consent.csv"]
map = { customer_id = "id", channel = "channel", ts = "ts", state = "state" }
"""


@pytest.fixture
def shop(trained_world: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained_world, tmp_path / "shop"))


def purchases(shop: Path, request: Request, *, keep: bool = False) -> float:
    """Purchases of thirty days that a decision knows of."""
    service = LiveService(shop / "data", shop / "models")
    in_force = service.in_force()
    plan = in_force.policy.bundle.features.plan
    question = check_request(request, 0, plan.number_fields)
    found = (
        service.reading(in_force)
        .at(question, "", in_force.customer(question.customer_id))
        .customers.numbers[0, plan.names.index("count_purchase_30d")]
    )
    if keep:
        service.decide(question, in_force)
    service.close()
    return float(found)


@pytest.mark.slow
def test_an_event_sent_again_after_the_night_counts_once(shop: Path) -> None:
    service = LiveService(shop / "data", shop / "models")
    cut_us = service.in_force().published.cut_us
    service.close()
    day_us = 86_400_000_000
    bought = RequestEvent("purchase", format_time(cut_us + 1), event_id="e1", value=5)
    later = format_time(cut_us + 2 * day_us)
    quiet = Request(customer_id="c000001", as_of=later)
    told = Request(customer_id="c000001", as_of=later, events=[bought])
    before = purchases(shop, quiet)
    assert [purchases(shop, told, keep=True), purchases(shop, told), purchases(shop, quiet)] == [
        before + 1
    ] * 3
    call(shop, "score", "--quiet", "--as-of", format_time(cut_us + day_us))
    assert [purchases(shop, told), purchases(shop, quiet)] == [before + 1] * 2


@pytest.mark.slow
def test_a_state_of_the_future_gives_way(shop: Path) -> None:
    call(shop, "score", "--quiet", "--as-of", "2100-01-01")
    assert call(shop, "score", "--json").json["published"] is True


@pytest.mark.slow
def test_consent_is_that_of_the_night_and_what_happened_since(shop: Path) -> None:
    (shop / "nba.toml").write_text((shop / "nba.toml").read_text() + CONSENT)
    (shop / "consent.csv").write_text(
        "id,channel,ts,state\nc000001,email,2018-01-01,in\nc000001,app,2018-01-02,no\nnewsletter,email,2018-01-01,out\n"
    )
    for command in ("ingest", "score"):
        call(shop, command, "--quiet")
    service = LiveService(shop / "data", shop / "models")
    in_force = service.in_force()
    cut_us = in_force.published.cut_us
    left = RequestEvent("unsubscribe", format_time(cut_us + 1), event_id="u1", channel="email")
    later = format_time(cut_us + 60_000_000)

    def states(customer_id: str, *events: RequestEvent, as_of: str = later) -> list[int]:
        asked = Request(customer_id=customer_id, as_of=as_of, events=list(events))
        question = check_request(asked, 0, in_force.policy.bundle.features.plan.number_fields)
        if events:
            service.decide(question, in_force)
        marks = service.reading(in_force).consent(question)
        return [state_of(marks, channel) for channel in ("email", "app", "web")]

    assert states("newsletter") == [OUT, UNKNOWN, UNKNOWN]
    assert states("stranger") == [UNKNOWN] * 3
    before = states("c000001")
    assert before[1] == OUT
    assert states("c000001", left) == [OUT, *before[1:]]
    assert states("c000001") == [OUT, *before[1:]], "the journal keeps it"
    everything = RequestEvent("unsubscribe", later)
    assert states("c000001", everything, as_of=format_time(cut_us + 120_000_000)) == [OUT] * 3
    service.close()
    call(shop, "score", "--quiet", "--as-of", later)
    service = LiveService(shop / "data", shop / "models")
    in_force = service.in_force()
    assert states("c000001") == [OUT, *before[1:]], "the next night has it from the warehouse"
    service.close()
