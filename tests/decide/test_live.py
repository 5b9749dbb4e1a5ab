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


@pytest.fixture
def shop(trained_world: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained_world, tmp_path / "shop"))


def purchases(shop: Path, request: Request, *, keep: bool = False) -> float:
    """Purchases of thirty days that a decision knows of."""
    service = LiveService(shop / "data", shop / "models")
    in_force = service.in_force()
    plan = in_force.policy.bundle.features.plan
    question = check_request(request, 0, plan.number_fields)
    found = service.known(question, in_force)[0].numbers[0, plan.names.index("count_purchase_30d")]
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
