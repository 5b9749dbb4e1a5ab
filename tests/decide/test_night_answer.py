"""Under the name of a night's decision the answer is what the night logged, whatever was learned or heard since."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from calls import call
from decided import decided, policy_of

from nbatool.base.clock import format_time
from nbatool.decide.live import LiveService
from nbatool.decide.night_answer import ANOTHER
from nbatool.decide.recording import as_logged
from nbatool.decide.subjects import decision_id
from nbatool.models.lessons import LivePosterior
from nbatool.store.learned import LearnedSnapshot
from nbatool.store.night_decisions import (
    Logged,
    NightChances,
    NightChunk,
    NightReader,
    night_file,
    write_night,
)
from nbatool.store.online import LiveEvent
from nbatool.store.reviews import Review
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import open_workspace

IDS = [f"c{k:04d}" for k in range(60)]
Answer = dict[str, Any]


@pytest.fixture
def shop(logged_shop: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(logged_shop, tmp_path / "shop"))


@pytest.fixture
def service(shop: Path) -> Iterator[LiveService]:
    made = LiveService(shop / "data", shop / "models")
    yield made
    made.close()


def ask(service: LiveService, customer: str, **request: Any) -> Answer:
    return service.answer(json.dumps({"customer_id": customer, **request}))


def asked(service: LiveService, **request: Any) -> list[Answer]:
    return [ask(service, customer, explain=True, top=5, **request) for customer in IDS]


def learn_a_lot(service: LiveService) -> None:
    """Teach the fast learner that the offers bring far more than was thought, the first the most."""
    in_force, online = service.in_force(), service._online
    version = in_force.published.model_version
    posterior = LivePosterior(online, in_force.outcomes.half_life_s).current(version)
    assert posterior is not None
    for arm in range(posterior.m - 1):
        for _ in range(50):
            posterior.update(np.ones(posterior.d), arm, 100.0 - 40.0 * arm)
    cut_us = in_force.published.cut_us
    online.learned.put_in_force(LearnedSnapshot(version, posterior.to_bytes(), 0, 0, cut_us))


def kept(service: LiveService) -> int:
    return len(service._online.decisions.after(0))


def logged(shop: Path) -> dict[str, tuple[Any, ...]]:
    with open_warehouse(open_workspace(shop)) as warehouse:
        rows = warehouse.con.execute(
            "select source_id, decision_id, action_id, channel, arm, probability, probability_in_arm "
            "from decisions where source = 'nbatool'"
        ).fetchall()
    return {row[0]: row[1:] for row in rows}


def told(answer: Answer) -> tuple[Any, ...]:
    first = answer["actions"][0]
    return (
        answer["decision_id"], first["action_id"], first["channel"], answer["arm"],
        first["selection_probability"], first["probability_in_arm"],
    )  # fmt: skip


def rewritten(service: LiveService, change: Any, *, chances: bool = True) -> None:
    """Write the night's file anew with each row changed by ``change(decision_id, row)``."""
    in_force = service.in_force()
    path = service._data_dir / night_file(in_force.published.state)
    reader = NightReader(path)
    with write_night(path, reader.terms) as night:
        for customer in IDS:
            name = decision_id(customer, in_force.published.cut_us, in_force.seed)
            found, choice = reader.logged(name), reader.choice(name)
            assert found is not None
            assert found.chances is not None
            assert choice is not None
            made = change(customer, found)
            if made is not None:
                arm, in_arm, overall = made.chances
                likely = NightChances(np.array([arm]), np.array([in_arm]), np.array([overall]))
                night.add(
                    NightChunk(
                        [name], np.array([made.chosen]), np.array([choice.expected]), np.array([choice.phi]),
                        np.array([made.foreseen]), likely if chances else None,
                    )
                )  # fmt: skip
    reader.close()


def test_what_was_learned_since_does_not_change_the_nights_decision(shop: Path, service: LiveService) -> None:
    before = asked(service)
    learn_a_lot(service)
    after = asked(service)
    anew = asked(service, request_id="anew", dry_run=True)
    assert after == before
    assert asked(service, dry_run=True) == before
    assert kept(service) == 0
    # Decided now, it would be another: the test would see it.
    values = [[answer["actions"][0]["expected_outcome"] for answer in each] for each in (before, anew)]
    assert sum(one != other for one, other in zip(*values, strict=True)) > len(IDS) // 2
    log = logged(shop)
    assert [told(answer) for answer in after] == [log[customer] for customer in IDS]
    assert len({answer["arm"] for answer in after}) > 3
    report = call(shop, "parity", "--json").json
    assert (report["differences"], report["customers"]) == ([], 500)


def test_late_events_do_not_change_the_nights_decision(
    service: LiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ask(service, IDS[0])
    in_force = service.in_force()
    late = LiveEvent("e1", IDS[0], in_force.published.cut_us - 1, "view", None, None, None, None, None)
    monkeypatch.setattr(service._online.events, "of_customers", lambda *_: {IDS[0]: [late]})
    heard: list[int] = []
    live = in_force.live
    compute, many = live.compute, live.compute_many
    monkeypatch.setattr(live, "compute", lambda s, e, t: (heard.append(len(e)), compute(s, e, t))[1])
    monkeypatch.setattr(live, "compute_many", lambda s, e, t: (heard.append(len(e[0])), many(s, e, t))[1])
    assert ask(service, IDS[0]) == before
    ask(service, IDS[0], request_id="anew")
    assert heard == [0, 0, 1], "compute is compute_many of one"


def test_a_decision_that_stands_is_told_with_the_chance_it_was_logged_with(service: LiveService) -> None:
    before = {answer["customer_id"]: answer for answer in asked(service)}
    nothing = len(service.in_force().policy.candidates) - 1

    def another_choice(_: str, found: Logged) -> Logged:
        return Logged((found.chosen + 1) % (nothing + 1), found.foreseen, (2, 0.125, 0.0625))

    rewritten(service, another_choice)
    service.in_force().night.close()
    fresh = LiveService(service._data_dir, service._models_dir)
    for customer in IDS:
        answer, candidates = ask(fresh, customer, explain=True), fresh.in_force().policy.candidates
        action, channel = (before[customer]["actions"][0][key] for key in ("action_id", "channel"))
        stood = candidates[(candidates.index((action, channel)) + 1) % len(candidates)]
        assert told(answer) == (before[customer]["decision_id"], *stood, "random", 0.0625, 0.125)
        assert answer["funnel"]["chosen"] == (stood[0] != "nothing")
    fresh.close()


def test_what_somebody_acted_on_stands_when_its_moment_is_scored_again(shop: Path) -> None:
    service = LiveService(shop / "data", shop / "models")
    cut, first = format_time(service.in_force().published.cut_us), asked(service)
    service.close()
    sent = [answer for answer in first if answer["actions"][0]["action_id"] != "nothing"][::2]
    said = "".join(
        json.dumps({"decision_id": answer["decision_id"], "status": "sent"}) + "\n" for answer in sent
    )
    call(shop, "learn", "-", stdin=said)
    toml = shop / "nba.toml"
    toml.write_text(toml.read_text().replace("cost = 0.5", "cost = 90").replace("share = 0.2", "share = 0.1"))
    call(shop, "score", "-q", "--as-of", cut)
    log, service = logged(shop), LiveService(shop / "data", shop / "models")
    again = asked(service)
    service.close()
    assert [told(answer) for answer in again] == [log[customer] for customer in IDS]
    stood = {answer["decision_id"]: told(answer) for answer in sent}
    assert len(stood) > 10
    assert [told(answer) for answer in again if answer["decision_id"] in stood] == list(stood.values())
    others = zip(first, again, strict=True)
    assert any(told(one) != told(two) for one, two in others)


def test_where_the_file_is_gone_it_is_another_decision_and_is_kept(service: LiveService) -> None:
    (service._data_dir / night_file(service.in_force().published.state)).unlink()
    fresh = LiveService(service._data_dir, service._models_dir)
    dry = ask(fresh, IDS[0], dry_run=True)
    assert kept(fresh) == 0
    found = asked(fresh)
    in_force = fresh.in_force()
    assert [answer["decision_id"] for answer in found] == [
        decision_id(customer, in_force.published.cut_us, in_force.seed, ANOTHER) for customer in IDS
    ]
    assert dry["decision_id"] == found[0]["decision_id"]
    assert kept(fresh) == len(IDS)
    learn_a_lot(fresh)
    assert [told(answer) for answer in asked(fresh)] == [told(answer) for answer in found]
    assert kept(fresh) == len(IDS)
    fresh.close()


def test_a_name_the_night_does_not_have_is_another_decision(service: LiveService) -> None:
    rewritten(service, lambda customer, found: None if customer == IDS[0] else found)
    names = [answer["decision_id"] for answer in asked(service)]
    in_force = service.in_force()
    cut_us, seed = in_force.published.cut_us, in_force.seed
    assert names == [
        decision_id(IDS[0], cut_us, seed, ANOTHER),
        *(decision_id(i, cut_us, seed) for i in IDS[1:]),
    ]
    assert kept(service) == 1


def test_a_file_without_chances_tells_what_can_be_told(service: LiveService) -> None:
    """One of an earlier version: as long as nothing was learned the decision made again is the one logged."""
    before = asked(service)
    service.in_force().night.close()
    rewritten(service, lambda _, found: found, chances=False)
    fresh = LiveService(service._data_dir, service._models_dir)
    assert asked(fresh) == before
    assert kept(fresh) == 0
    learn_a_lot(fresh)
    names = {answer["decision_id"] for answer in before}
    assert not names & {answer["decision_id"] for answer in asked(fresh)}
    assert asked(fresh, dry_run=True)[0]["decision_id"] not in names
    assert kept(fresh) == len(IDS)
    fresh.close()


def test_asked_before_the_night_the_first_stands(shop: Path) -> None:
    """The log keeps the first decision of a name, and so does every answer."""
    service = LiveService(shop / "data", shop / "models")
    night = format_time(service.in_force().published.cut_us + 3_600_000_000)
    learn_a_lot(service)
    first = asked(service, as_of=night)
    service.close()
    call(shop, "score", "-q", "--as-of", night)
    log = logged(shop)
    service = LiveService(shop / "data", shop / "models")
    for more in ({}, {"dry_run": True}):
        found = asked(service, as_of=night, **more)
        assert [told(answer) for answer in found] == [told(answer) for answer in first]
        assert [told(answer) for answer in found] == [log[customer] for customer in IDS]
    service.close()


def test_the_file_is_opened_at_the_first_such_question_only(
    service: LiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []
    real = NightReader.__init__
    monkeypatch.setattr(
        NightReader, "__init__", lambda self, path: (opened.append(path), real(self, path))[1]
    )
    ask(service, IDS[0], request_id="r")
    ask(service, "nobody")
    assert opened == []
    for customer in IDS[:3]:
        ask(service, customer)
    assert len(opened) == 1


def test_learning_does_not_throw_away_the_file_in_force(shop: Path) -> None:
    service = LiveService(shop / "data", shop / "models")
    before = asked(service)
    call(shop, "learn", "-q", "--as-of", "2027-01-01")
    assert service._online.nights.all() == []
    service.close()
    fresh = LiveService(shop / "data", shop / "models")
    assert asked(fresh) == before
    fresh.close()


def test_without_chances_the_decision_made_again_must_be_the_one_logged() -> None:
    made = decided(policy_of(), [3.0, 1.0, -1.0])
    assert as_logged(made, Logged(0, 4.0, None)) is made
    assert as_logged(made, Logged(0, float(np.nextafter(4.0, 5.0)), None)) is None
    assert as_logged(made, Logged(3, 1.0, None)) is None
    told = as_logged(made, Logged(3, 1.0, (1, 1.0, 0.25)))
    assert told is not None
    assert (told.chosen.tolist(), told.arm.tolist()) == ([-1], [1])
    assert (told.probability_in_arm[0, 3], told.probability[0, 3]) == (1.0, 0.25)


def test_what_is_in_no_action_file_is_not_handed_out(service: LiveService) -> None:
    """What waits for a person, was rejected, or is approved for a later night is answered by a decision of its own."""
    in_force, reviews = service.in_force(), service._online.reviews
    cut_us = in_force.published.cut_us
    before = dict(zip(IDS, asked(service), strict=True))
    likes = [c for c in IDS if before[c]["actions"][0]["action_id"] != "nothing"][:3]
    names = [before[c]["decision_id"] for c in likes]
    reviews.put(
        Review(name, c, 1, before[c]["actions"][0]["action_id"], None, cut_us, cut_us, 1.0, "dear", {})
        for c, name in zip(likes, names, strict=True)
    )
    another = [decision_id(c, cut_us, in_force.seed, ANOTHER) for c in likes]

    def told_now() -> list[str]:
        return [ask(service, c, explain=True, top=5)["decision_id"] for c in likes]

    assert told_now() == another
    reviews.reject(names[0], "ann", "no", cut_us)
    reviews.approve(names[1], "ann", "", cut_us)
    assert told_now() == another
    reviews.mark_out([names[1]], cut_us)
    assert told_now() == [another[0], names[1], another[2]]
    assert ask(service, likes[1], explain=True, top=5) == before[likes[1]]
    assert kept(service) == 3, "each is kept once, under a name of its own"
    assert {one.decision.decision_id for one in service._online.decisions.after(0)} == set(another)
