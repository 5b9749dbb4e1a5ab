"""Conditions: of actions (eligible, applicable), of suppressions and of review; whom they remove and in what words."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbatool.base.config import Config
from nbatool.base.errors import ConfigError
from nbatool.base.expressions import Kind
from nbatool.base.records import Action
from nbatool.base.toml_lines import key_lines
from nbatool.decide.assemble import compiled
from nbatool.decide.catalogue import Catalogue, compile_catalogue
from nbatool.decide.compile_guardrails import compile_guardrails
from nbatool.decide.contact_rules import NO_CONTACTS
from nbatool.decide.decision import NO_WISHES, STEPS, Decision, Wishes
from nbatool.decide.funnel import CODE, Funnel
from nbatool.decide.guardrails import Circumstances, Guardrails
from nbatool.decide.policy import Policy
from nbatool.decide.quiet_hours import QuietHours, QuietRule
from nbatool.decide.reasons import Reasons
from nbatool.features.customer import CustomerFeatures

KINDS: dict[str, Kind] = {"age": "number", "visits": "number", "city": "text", "clv": "number"}
PLAN: Any = SimpleNamespace(names=("age", "visits"))
ACTIONS = (
    Action("bonus", "Bonus", ("email", "sms"), cost=120.0, eligible_when="age >= 18"),
    Action(
        "tip",
        "Tip",
        ("email",),
        tags=("service",),
        applicable_when="context.page = 'help' or visits / age > 1",
    ),
    Action("visit", "Visit", ("sms",), eligible_when="age >= 18", applicable_when="city = 'Bonn'"),
)
BONUS_EMAIL, BONUS_SMS, TIP, VISIT = range(4)
HELP = Wishes(context={"page": "help"})


def config_of(text: str) -> Config:
    """Read as `load_config` would."""
    config = Config.model_validate(tomllib.loads(text))
    return config.at(Path("nba.toml"), key_lines(text))


def catalogue_of(*actions: Action) -> Catalogue:
    return compile_catalogue(actions, KINDS, every_channel=False, allow_nothing=True, file="nba.toml")


CATALOGUE = catalogue_of(*ACTIONS)
RULES = """
[guardrails]
reach = { sms = "visits > 0" }
suppress = [{ when = "clv < 5", reason = "not worth it", tag = "service" }]
review = [
  { when = "action.cost > 100 and clv > 50", reason = "dear" },
  { when = "clv > 5000", reason = "high value" },
]
"""
GUARDS = compile_guardrails(config_of(RULES), CATALOGUE, KINDS)


def customers(*rows: tuple[float | None, float | None, str | None]) -> CustomerFeatures:
    """Customers of (age, visits, city)."""
    numbers = np.array([[np.nan if v is None else v for v in row[:2]] for row in rows], np.float64)
    city = np.empty(len(rows), dtype=object)
    city[:] = [row[2] for row in rows]
    pairs: Any = None
    return CustomerFeatures(np.zeros(len(rows), np.int64), numbers, {"city": city}, pairs)


def clv(*values: float) -> dict[str, Any]:
    return {"clv": np.array(values, np.float64)}


def told_nothing(n: int, guards: Guardrails = GUARDS, *, live: bool = True) -> Circumstances:
    """Of customers never contacted who said nothing of consent."""
    return Circumstances(NO_CONTACTS, np.full((n, len(guards.channels)), -1, np.int8), [None] * n, live=live)


def removed(
    who: CustomerFeatures, scores: dict[str, Any], wishes: Wishes = NO_WISHES, *, live: bool = True, guards: Guardrails = GUARDS
) -> list[list[str]]:  # fmt: skip
    found = Funnel(CATALOGUE, PLAN, guards).removed(
        who, scores, wishes, told_nothing(len(who), guards, live=live)
    )
    return [[STEPS[code - 1] if code else "" for code in row] for row in found.tolist()]


def test_who_may_ever_have_it_comes_before_when_it_makes_sense() -> None:
    who = customers((40, 50, "Bonn"), (40, 1, "Köln"), (12, 1, "Bonn"), (12, 1, None))
    assert removed(who, clv(10, 10, 10, 10)) == [
        ["", "", "", ""],
        ["", "", "applicable", "applicable"],
        ["eligible", "eligible", "applicable", "eligible"],
        ["eligible", "eligible", "applicable", "eligible"],
    ]
    assert removed(who, clv(10, 10, 10, 10), HELP)[1] == ["", "", "", "applicable"]


@pytest.mark.parametrize(("age", "visits"), [(0, 5), (None, 5), (0, 0), (40, None)])
def test_null_and_a_division_by_zero_are_not_true(age: float | None, visits: float | None) -> None:
    assert removed(customers((age, visits, None)), clv(10))[0][TIP] == "applicable"


def test_live_a_review_rule_removes_and_the_night_is_told_which() -> None:
    who, scores = customers((40, 50, "Bonn"), (40, 50, "Bonn"), (40, 50, "Bonn")), clv(10, 60, 9000)
    assert removed(who, scores) == [
        ["", "", "", ""],
        ["review", "review", "", ""],
        ["review", "review", "review", "review"],
    ]
    assert removed(who, scores, live=False) == [[""] * 4] * 3
    found = Funnel(CATALOGUE, PLAN, GUARDS).review(who, scores, NO_WISHES)
    assert found.dtype == np.int16
    assert found.tolist() == [[0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 2, 2]]


def test_what_an_earlier_step_removes_needs_no_review() -> None:
    assert removed(customers((12, 0, "Bonn")), clv(9000))[0] == ["eligible", "reach", "applicable", "reach"]


def test_at_night_one_waits_for_the_end_of_quiet_hours() -> None:
    quiet = QuietHours((QuietRule(0, 3600, frozenset({"sms"})),), "UTC")
    guards = replace(GUARDS, quiet=quiet)
    who, scores = customers((40, 50, "Bonn")), clv(10)
    assert removed(who, scores, guards=guards) == [["", "quiet", "", "quiet"]]
    assert removed(who, scores, guards=guards, live=False) == [["", "", "", ""]]


def test_review_is_published_as_it_was_compiled() -> None:
    data = msgspec.json.decode(msgspec.json.encode(GUARDS.to_json()))
    again = Guardrails.from_json(data, CATALOGUE)
    assert again.review == GUARDS.review
    assert again.conditions == GUARDS.conditions
    assert [(rule.step, rule.reason) for rule in again.review] == [
        ("review", "dear: action.cost > 100 and clv > 50"), ("review", "high value: clv > 5000"),
    ]  # fmt: skip
    assert GUARDS.names_of_review == {"action.cost", "clv"}
    assert GUARDS.names_used == {"action.cost", "clv", "visits"}


def test_a_catalogue_is_published_with_its_conditions() -> None:
    data = msgspec.json.decode(msgspec.json.encode(CATALOGUE.to_json()))
    assert Catalogue.from_json(data) == CATALOGUE
    assert {o.action.id: o.action.applicable_when for o in Catalogue.from_json(data).offers}[
        "visit"
    ] == "city = 'Bonn'"


def test_a_wrong_review_rule_is_named_with_its_line() -> None:
    text = RULES.replace("clv > 5000", "clv > 'much'").replace("action.cost > 100", "action.cots > 100")
    with pytest.raises(ConfigError) as raised:
        compile_guardrails(config_of(text), CATALOGUE, KINDS)
    first, second = str(raised.value).splitlines()
    assert first.startswith(
        'nba.toml:6: [guardrails] review.when: no feature "action.cots"; did you mean "action.cost"?'
    )
    assert second.startswith("nba.toml:7: [guardrails] review.when: ")
    assert "compares a number with a text" in second


SHOP = """
[catalogue]
file = "actions.csv"
[catalogue.map]
id = "id"
applicable_when = "rule"
[catalogue.defaults]
channels = ["email"]
eligible_when = "agee > 3"
[[action]]
id = "own"
applicable_when = "city > 3"
"""


def test_a_wrong_condition_is_named_where_it_was_said() -> None:
    actions = (
        Action("filed", "filed", ("email",), eligible_when="agee > 3", applicable_when="city + 1 > 2"),
        Action("own", "own", ("email",), applicable_when="city > 3"),
    )
    with pytest.raises(ConfigError) as raised:
        compiled(config_of(SHOP), actions, KINDS)
    assert [str(p).partition(': "')[0].partition(": no ")[0] for p in raised.value.problems] == [
        'nba.toml:9: [[action]] "filed": eligible_when',
        'nba.toml:6: [[action]] "filed": applicable_when',
        'nba.toml:12: [[action]] "own": applicable_when',
    ]


ages = st.one_of(st.none(), st.integers(0, 60).map(float))
people = st.lists(st.tuples(ages, ages, st.sampled_from([None, "Bonn", "Köln"])), min_size=1, max_size=6)


@given(people, st.data())
def test_a_row_alone_is_what_it_is_among_many(rows: list[Any], data: st.DataObject) -> None:
    worth = data.draw(st.lists(st.sampled_from([1.0, 60.0, 9000.0]), min_size=len(rows), max_size=len(rows)))
    funnel = Funnel(CATALOGUE, PLAN, GUARDS)
    whole = funnel.removed(customers(*rows), clv(*worth), NO_WISHES, told_nothing(len(rows)))
    asked = funnel.review(customers(*rows), clv(*worth), NO_WISHES)
    for k, row in enumerate(rows):
        alone = funnel.removed(customers(row), clv(worth[k]), NO_WISHES, told_nothing(1))
        assert alone.tolist() == [whole[k].tolist()]
        assert funnel.review(customers(row), clv(worth[k]), NO_WISHES).tolist() == [asked[k].tolist()]
    assert (whole[asked > 0] != 0).all()


def said(
    who: CustomerFeatures, worth: float, offer: int, *, step: str | None = None, wishes: Wishes = NO_WISHES
) -> str | None:  # fmt: skip
    bundle: Any = SimpleNamespace(features=SimpleNamespace(plan=PLAN))
    policy = Policy(bundle, CATALOGUE, guards=GUARDS)
    codes = policy.funnel.removed(who, clv(worth), wishes, told_nothing(len(who)))
    if step is not None:
        codes[0, offer] = CODE[step]
    empty = np.empty((1, 0))
    decision = Decision(
        empty, empty, empty, empty, empty, codes, np.empty((1, 0), np.int64), np.array([-1]), np.zeros(1, np.int8),
        empty, empty, empty, empty, empty[0],
    )  # fmt: skip
    assert not isinstance(wishes.context, list)
    context: Any = wishes.context
    return Reasons(policy).removed(who, {"clv": worth}, decision, 0, offer, context=context)


def test_conditions_are_named_with_what_they_saw() -> None:
    young, rich = customers((12, 0, None)), customers((40, 50, "Bonn"))
    assert said(young, 1, BONUS_EMAIL) == "eligible_when: age >= 18 (age is 12)"
    assert said(rich, 10, TIP) is None
    home = Wishes(context={"page": "home"})
    assert said(customers((40, 3, None)), 10, TIP, wishes=home) == (
        "applicable_when: context.page = 'help' or visits / age > 1 (age is 40, context.page is home, visits is 3)"
    )
    assert said(customers((40, 3, None)), 10, VISIT) == "applicable_when: city = 'Bonn' (city is unknown)"
    assert said(customers((40, 0, "Bonn")), 10, VISIT) == "cannot be reached by sms: visits > 0 (visits is 0)"
    assert said(rich, 1, TIP) == "suppressed: not worth it: clv < 5 (clv is 1)"
    assert said(rich, 60, BONUS_SMS) == (
        "needs review: dear: action.cost > 100 and clv > 50 (action.cost is 120, clv is 60)"
    )
    assert said(rich, 9000, VISIT) == "needs review: high value: clv > 5000 (clv is 9000)"


@pytest.mark.parametrize("step", STEPS)
def test_every_step_has_words(step: str) -> None:
    assert said(customers((40, 50, "Bonn")), 10, BONUS_EMAIL, step=step)
