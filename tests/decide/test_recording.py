"""Twice is once for a request: what was answered stands, whatever was learned or published since."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbatool.base.clock import format_time
from nbatool.base.errors import DataError
from nbatool.decide.live import LiveService
from nbatool.models.lessons import LivePosterior
from nbatool.store.learned import LearnedSnapshot


@pytest.fixture
def service(logged_shop: Path, tmp_path: Path) -> Any:
    shop = shutil.copytree(logged_shop, tmp_path / "shop")
    made = LiveService(shop / "data", shop / "models")
    yield made
    made.close()


def ask(service: LiveService, **request: Any) -> dict[str, Any]:
    return service.answer(json.dumps({"customer_id": "c0003", **request}))


def learn_a_lot(service: LiveService) -> None:
    """Teach the posterior in force that every offer brings far more than was thought."""
    in_force, online = service.in_force(), service._online
    learner = LivePosterior(online, in_force.outcomes.half_life_s)
    posterior = learner.current(in_force.published.model_version)
    assert posterior is not None
    for arm in range(posterior.m - 1):
        for _ in range(50):
            posterior.update(np.ones(posterior.d), arm, 100.0 + arm)
    version = in_force.published.model_version
    online.learned.put_in_force(
        LearnedSnapshot(version, posterior.to_bytes(), 0, 0, in_force.published.cut_us)
    )


def moment(service: LiveService, ahead_s: int = 60) -> str:
    return format_time(service.in_force().published.cut_us + ahead_s * 1_000_000)


def test_a_repeated_request_is_answered_from_what_was_kept(service: LiveService) -> None:
    request = {"as_of": moment(service), "explain": True, "top": 3}
    first = ask(service, **request)
    assert ask(service, **request) == first
    before = ask(service, **request, dry_run=True)
    learn_a_lot(service)
    after = ask(service, **request, dry_run=True)
    value = [answer["actions"][0]["expected_outcome"] for answer in (before, after)]
    assert value[0] != value[1]
    again = ask(service, **request)
    reasons = [[action.pop("reasons", None) for action in answer["actions"]] for answer in (first, again)]
    assert again == first
    assert len(reasons[0]) == len(reasons[1])
    other = ask(service, **request, request_id="other")
    assert other["decision_id"] != first["decision_id"]
    assert other["actions"][0]["expected_outcome"] != first["actions"][0]["expected_outcome"]


def test_a_repeated_slate_is_the_same_slate(service: LiveService) -> None:
    request = {"as_of": moment(service), "slate": True, "top": 3, "request_id": "r"}
    first = ask(service, **request)
    learn_a_lot(service)
    assert ask(service, **request) == first


def test_what_happened_in_the_session_is_another_question(service: LiveService) -> None:
    """A workspace of old data stands still: without that every later answer would be the first one."""
    plain = ask(service)
    told = ask(service, events=[{"type": "view"}])
    assert plain["as_of"] == told["as_of"]
    assert plain["decision_id"] != told["decision_id"]
    assert ask(service, events=[{"type": "view"}])["decision_id"] == told["decision_id"]
    nothing_asked = ask(service, actions=[])
    assert nothing_asked["actions"][0]["action_id"] == "nothing"
    assert nothing_asked["decision_id"] != plain["decision_id"]
    assert ask(service) == plain


def test_a_decision_among_other_actions_stands_and_is_not_misquoted(
    service: LiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = {"as_of": moment(service), "request_id": "r"}
    kept = ask(service, **request)
    in_force = service.in_force()
    offers = in_force.policy.catalogue.offers[:1]
    fewer = in_force.policy.__class__(
        in_force.policy.bundle, in_force.policy.catalogue.__class__(offers, True), in_force.policy.practice
    )
    monkeypatch.setattr(service, "posterior", lambda _: None)
    object.__setattr__(in_force, "policy", fewer)
    with pytest.raises(DataError, match=f"decided before \\({kept['decision_id']}\\).*another request_id"):
        ask(service, **request)


def test_the_version_that_answered_is_named(service: LiveService, monkeypatch: pytest.MonkeyPatch) -> None:
    request = {"as_of": moment(service), "request_id": "r"}
    first = ask(service, **request)
    in_force = service.in_force()
    published = in_force.published.__class__(
        in_force.published.state, "2026-02-02-ffff", in_force.published.cut_us,
        in_force.published.journal_position, in_force.published.published_us,
    )  # fmt: skip
    object.__setattr__(in_force, "published", published)
    monkeypatch.setattr(service, "in_force", lambda: in_force)
    assert ask(service, **request)["model_version"] == first["model_version"]
    assert ask(service, **request, dry_run=True)["model_version"] == "2026-02-02-ffff"
