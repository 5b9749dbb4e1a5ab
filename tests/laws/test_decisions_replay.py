"""Law 4: what was decided stays decided, whatever is learned afterwards, and follows from what was kept of it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from calls import call

from nbatool.base.clock import DAY_US, format_time
from nbatool.decide.arm_probabilities import Worth
from nbatool.decide.arms import ARMS, arms_of
from nbatool.decide.catalogue import Catalogue
from nbatool.decide.decision import Decision
from nbatool.decide.exploration_terms import BY_DRAWS
from nbatool.decide.learned import Beliefs
from nbatool.decide.live import LiveService
from nbatool.decide.policy import Policy
from nbatool.decide.practice import practice_from_json
from nbatool.decide.request import Question
from nbatool.decide.selection import select
from nbatool.decide.slots import slots_of
from nbatool.decide.subjects import Subjects, decision_id
from nbatool.models.posterior import Posterior
from nbatool.store.decision_record import DecisionRecord, Slot, plain
from nbatool.store.state import StateReader
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import open_workspace

pytestmark = pytest.mark.slow

METHODS = ("inverse_gap", "thompson", "optimistic", "epsilon", "greedy")
CUT = "2026-03-05T00:00:00Z"
EVENING = "2026-03-05T20:00:00Z"
IDS = [f"c{k:04d}" for k in range(0, 800, 8)]
TERMS = 'method = "inverse_gap"\nshare = 0.2\nmin_probability = 0.01\n'
Json = dict[str, Any]


def at_the_cut() -> list[Json]:
    return [{"customer_id": i, "top": 3} for i in IDS]


def in_the_evening() -> list[Json]:
    """What is asked live: of customers, of somebody without a name, and for slates."""
    plain = [{"customer_id": i, "as_of": EVENING} for i in IDS]
    nameless = [{"request_id": f"n{k}", "as_of": EVENING} for k in range(10)]
    slates = [{"customer_id": i, "as_of": EVENING, "slate": True, "top": 3} for i in IDS[:30]]
    return [*plain, *nameless, *slates]


@dataclass(frozen=True)
class Answered:
    """A shop of which a night and live decisions were answered to, before outcomes came and after."""

    root: Path
    night: list[Json]
    live: list[Json]
    records: list[DecisionRecord]
    meta: Json
    learned: Posterior
    """What was known when all this was decided."""


def answers(root: Path, requests: list[Json]) -> list[Json]:
    service = LiveService(root / "data", root / "models")
    try:
        return [service.answer(json.dumps(request)) for request in requests]
    finally:
        service.close()


def posterior_of(root: Path) -> Posterior:
    service = LiveService(root / "data", root / "models")
    found = service.posterior(service.in_force())
    service.close()
    assert found is not None
    return found


def learn(root: Path, told: list[Json], closes_us: int) -> None:
    """Say that all contacts were made and what came of them; close the windows."""
    lines = [{"decision_id": a["decision_id"], "status": "sent", "ts": EVENING} for a in told]
    lines += [
        {"decision_id": a["decision_id"], "outcome": 30.0 * (k % 3), "ts": "2026-03-06"} for k, a in enumerate(told)
    ]  # fmt: skip
    said = "".join(json.dumps(line) + "\n" for line in lines)
    call(root, "learn", "-", "--as-of", "2026-03-06", stdin=said)
    call(root, "learn", "-q", "--as-of", format_time(closes_us + DAY_US))


@pytest.fixture(scope="module", params=METHODS)
def shop(
    request: pytest.FixtureRequest, logged_shop: Path, tmp_path_factory: pytest.TempPathFactory
) -> Answered:
    root = Path(shutil.copytree(logged_shop, tmp_path_factory.mktemp(request.param) / "shop"))
    toml = (root / "nba.toml").read_text()
    assert TERMS in toml
    method = f'method = "{request.param}"\n'
    kept = "" if request.param == "greedy" else "share = 0.3\nmin_probability = 0.001\n"
    more = "draws = 200\n" if request.param in BY_DRAWS else ""
    (root / "nba.toml").write_text(toml.replace(TERMS, method + kept + more))
    call(root, "score", "-q", "--as-of", CUT)
    night, live = answers(root, at_the_cut()), answers(root, in_the_evening())
    service = LiveService(root / "data", root / "models")
    in_force, records = service.in_force(), [e.decision for e in service._online.decisions.after(0)]
    state = StateReader(root / "data" / in_force.published.state)
    meta, body = {key: msgspec.json.decode(value) for key, value in state.meta.items()}, state.learned()
    state.close()
    closes_us = in_force.outcomes.closes_us(in_force.published.cut_us + DAY_US)
    service.close()
    assert body is not None
    learn(root, [*night, *live], closes_us)
    learned = Posterior.from_bytes(body)
    assert posterior_of(root).count > learned.count + len(IDS)
    return Answered(root, night, live, records, meta, learned)


def first_of(answer: Json) -> tuple[Any, ...]:
    first = answer["actions"][0]
    return (
        answer["decision_id"], first["action_id"], first["channel"], answer["arm"],
        first["selection_probability"], first["probability_in_arm"],
    )  # fmt: skip


def log_of(root: Path) -> dict[str, tuple[Any, ...]]:
    with open_warehouse(open_workspace(root)) as warehouse:
        rows = warehouse.con.execute(
            "select decision_id, action_id, channel, arm, probability, probability_in_arm from decisions "
            "where source = 'nbatool' and slot = 1"
        ).fetchall()
    return {row[0]: row for row in rows}


def test_the_nights_decision_asked_again_is_that_of_the_log(shop: Answered) -> None:
    again, log = answers(shop.root, at_the_cut()), log_of(shop.root)
    assert again == shop.night
    assert [first_of(answer) for answer in again] == [log[answer["decision_id"]] for answer in again]
    # It would not be so by chance: what is known now values the offers otherwise.
    anew = answers(shop.root, [{**asked, "request_id": "anew", "dry_run": True} for asked in at_the_cut()])
    values = [[a["actions"][0]["expected_outcome"] for a in each] for each in (again, anew)]
    assert sum(one != other for one, other in zip(*values, strict=True)) > len(IDS) // 2
    assert call(shop.root, "parity", "--json", "--customers", "100").json["differences"] == []


def test_a_live_decision_asked_again_is_that_of_the_log(shop: Answered) -> None:
    again, log = answers(shop.root, in_the_evening()), log_of(shop.root)
    assert again == shop.live
    assert [first_of(answer) for answer in again] == [log[answer["decision_id"]] for answer in again]
    dry = answers(shop.root, [{**asked, "dry_run": True} for asked in in_the_evening()])
    assert dry != again


def test_the_night_is_made_again_from_its_state(shop: Answered) -> None:
    """The state in force, what was learned then, and the names: every choice with its chances, to the last bit."""
    log = log_of(shop.root)
    service = LiveService(shop.root / "data", shop.root / "models")
    in_force = service.in_force()
    cut_us = in_force.published.cut_us
    for customer in in_force.state.customer_ids()[:200]:
        subjects = Subjects.of_night([customer], cut_us, in_force.seed)
        state = in_force.customer(customer)
        assert state is not None
        known = service.reading(in_force).at_the_cut(state, customer)
        made = in_force.policy.decide(
            known.customers, known.scores, subjects=subjects, posterior=shop.learned, told=known.told
        )
        [slot] = slots_of(in_force.policy, Question(None, customer, cut_us), made, subjects.decision_ids[0])
        chosen, arm = in_force.policy.candidates[slot.candidate], ARMS[made.arm[0]]
        name = subjects.decision_ids[0]
        assert log[name] == (name, *chosen, arm, slot.probability, slot.probability_in_arm)
    service.close()


def replayed(record: DecisionRecord, policy: Policy, learned: Posterior, key: str) -> tuple[Any, ...]:
    """Make a decision again from its record, the published terms and, where the method draws, what was known then."""
    name = decision_id(record.customer_id or "", record.as_of_us, record.seed, key)
    beliefs = Beliefs(learned, np.array([record.phi]))
    found = select(worth_of(record, policy), policy.practice, Subjects([record.customer_id], [name]), beliefs)
    chosen = int(found.chosen[0])
    slot = Slot(chosen, float(found.in_arm[0, chosen]), float(found.overall[0, chosen]))
    return name, ARMS[found.arm[0]], found.overall[0].tolist(), [slot]


def worth_of(record: DecisionRecord, policy: Policy) -> Worth:
    net_value, expected = (
        np.array([[np.nan if v is None else v for v in values]]) for values in (record.net_value, record.expected)
    )  # fmt: skip
    lever = np.array([*(offer.action.lever for offer in policy.catalogue.offers), 0.0])
    return Worth(net_value, expected - expected[:, -1:], lever, np.array([record.removed]) == 0)


def slate_again(record: DecisionRecord, policy: Policy, question: Question) -> list[Slot]:
    worth = worth_of(record, policy)
    none = np.full((1, worth.net_value.shape[1] - 1), np.nan)
    arm = arms_of([record.customer_id], policy.practice.experiment)
    decision = Decision(
        none, none[:, 0], worth.uplift[:, :-1], worth.net_value[:, :-1], none, np.array([record.removed[:-1]], np.int8),
        np.zeros((1, 0), np.int64), np.zeros(1, np.int64), arm, none, none, none, none, none[0],
    )  # fmt: skip
    return slots_of(policy, question, decision, record.decision_id)


def test_a_live_decision_is_made_again_from_what_was_kept(shop: Answered) -> None:
    models: Any = None
    policy = Policy(
        models, Catalogue.from_json(shop.meta["catalogue"]), practice_from_json(shop.meta["practice"])
    )
    asked = {a["decision_id"]: r for r, a in zip(in_the_evening(), shop.live, strict=True)}
    assert {record.decision_id for record in shop.records} == set(asked)
    for record in shop.records:
        request = asked[record.decision_id]
        question = Question(
            request.get("request_id"), record.customer_id, record.as_of_us, top=request.get("top", 1),
            slate=request.get("slate", False),
        )  # fmt: skip
        name, arm, overall, slots = replayed(record, policy, shop.learned, question.key)
        assert (name, arm) == (record.decision_id, record.arm)
        assert record.seed == shop.meta["seed"]
        if question.slate:
            assert slate_again(record, policy, question) == record.slots
        else:
            assert (plain(overall), slots) == (record.probability, record.slots)
    assert len({record.arm for record in shop.records}) == len(ARMS)
    assert {record.customer_id is None for record in shop.records} == {True, False}


def test_what_is_replayed_depends_on_what_is_kept(shop: Answered) -> None:
    """The replay looks at each piece: with another seed, other terms or other values it is another decision."""
    models: Any = None
    practice = practice_from_json(shop.meta["practice"])
    policy = Policy(models, Catalogue.from_json(shop.meta["catalogue"]), practice)
    plainly = [record for record in shop.records if record.customer_id and len(record.slots) == 1]
    others = 0
    for record in plainly:
        changed = msgspec.structs.replace(
            record, net_value=[-v if v else v for v in record.net_value], seed=record.seed + 1
        )
        name, _, overall, _ = replayed(changed, policy, shop.learned, "")
        assert name != record.decision_id
        others += plain(overall) != record.probability
    assert others > len(plainly) // 2
