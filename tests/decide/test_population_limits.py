"""Limits on everybody: what is said is checked and named, and what the contact log uses of them is a plain sum."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.pacing import Counts
from nbatool.base.config import load_config
from nbatool.base.errors import ConfigError
from nbatool.base.records import Action
from nbatool.decide.catalogue import Catalogue, Offer
from nbatool.decide.compile_guardrails import compile_limits
from nbatool.decide.population_limits import (
    BUDGET,
    CAPACITY,
    LEAST_SHARE,
    MOST_SHARE,
    STOCK,
    PopulationLimit,
    PopulationLimits,
)
from nbatool.store.contact import ContactKind
from nbatool.store.contact_totals import HOUR_US

DAY_S, NOW_US = 86_400, 1_000 * HOUR_US + 17
ACTIONS = {
    "bogo": Action("bogo", "Buy one", ("email", "push"), ("promo",), cost=0.5, stock=40),
    "course": Action("course", "Course", ("email",), ("education",), cost=2.0),
    "refund": Action("refund", "Refund", ("push",), cost=-1.0),
}
OFFERS = (("bogo", "email"), ("bogo", "push"), ("course", "email"), ("refund", "push"))
CATALOGUE = Catalogue(tuple(Offer(ACTIONS[action], channel, None) for action, channel in OFFERS))
KINDS = (
    ContactKind("bogo", "email", ("promo",), 0.25), ContactKind("course", "email", ("education", "promo"), 2.0),
    ContactKind("refund", "push", (), -1.0), ContactKind("gone", "email+push", ("promo",), 3.0), ContactKind("called", None, ()),
)  # fmt: skip
SAID = (
    PopulationLimit(BUDGET, 50_000.0, 30 * DAY_S), PopulationLimit(BUDGET, 2_000.0, DAY_S, "channel", "email"),
    PopulationLimit(BUDGET, 10.5, 5_400, "tag", "promo"), PopulationLimit(CAPACITY, 1_000.0, DAY_S, "channel", "email"),
    PopulationLimit(LEAST_SHARE, 0.05, None, "tag", "education"), PopulationLimit(MOST_SHARE, 0.4, None, "action", "bogo"),
    PopulationLimit(STOCK, 40.0, None, "action", "bogo"),
)  # fmt: skip
GUARDRAILS = """
[guardrails]
budget = [
  { amount = 50000.0, window = "30d" },
  { amount = 2000.0, channel = "email", window = "1d" },
  { amount = 10.5, tag = "promo", window = "90m" },
]
capacity = [{ limit = 1000, channel = "email", window = "1d" }]
min_share = [{ tag = "education", share = 0.05 }]
max_share = [{ action = "bogo", share = 0.40 }]
live_share = 0.25
"""


def compiled(tmp_path: Path, text: str, catalogue: Catalogue = CATALOGUE) -> PopulationLimits:
    path = tmp_path / "nba.toml"
    path.write_text(text, encoding="utf-8")
    return compile_limits(load_config(path), catalogue)


def test_what_is_said_has_its_names(tmp_path: Path) -> None:
    found = compiled(tmp_path, GUARDRAILS)
    assert (found.limits, found.live_share) == (SAID, 0.25)
    assert [limit.title for limit in found.limits] == [
        "budget 50,000 in 30d", "budget 2,000 by channel email in 1d", "budget 10.5 tagged promo in 90m",
        "capacity 1,000 by channel email in 1d", "at least 5 % tagged education", "at most 40 % action bogo", "stock of bogo",
    ]  # fmt: skip
    read = PopulationLimits.from_json(json.loads(json.dumps(found.to_json())), CATALOGUE)
    assert read == found


def test_a_candidate_uses_what_it_costs_and_a_refund_no_money() -> None:
    uses = PopulationLimits(SAID, CATALOGUE).uses
    assert uses.tolist() == [
        [0.5, 0.5, 2.0, 0.0, 0.0], [0.5, 0.0, 2.0, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0, 0.0], [1.0, 0.0, 1.0, 0.0, 0.0],
        [-0.05, -0.05, 0.95, -0.05, 0.0], [0.6, 0.6, -0.4, -0.4, 0.0], [1.0, 1.0, 0.0, 0.0, 0.0],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('budget = [{ amount = 5.0, window = "1d", channel = "mail" }]', 'the channel "mail"'),
        ('capacity = [{ limit = 5, window = "1d", action = "bog" }]', 'the action "bog"'),
        ('min_share = [{ share = 0.5, tag = "eduction" }]', "did you mean"),
        ('budget = [{ amount = 5.0, window = "1d" }, { amount = 5.0, window = "24h" }]', "budget 5 in 1d is said twice"),
        ('budget = [{ amount = -5.0, window = "1d" }]', "must not be negative"),
        ("live_share = 1.5", "live_share"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused_with_its_line(tmp_path: Path, said: str, told: str) -> None:
    with pytest.raises(ConfigError) as found:
        compiled(tmp_path, f"[guardrails]\n{said}\n")
    assert told in str(found.value)
    assert "nba.toml:2" in str(found.value)


@pytest.mark.parametrize(
    "said",
    [
        '[guardrails]\nbudget = [{ amount = 5.0, window = "1d" }]',
        '[guardrails]\ncapacity = [{ limit = 5, window = "1d" }]',
        '[guardrails]\nmax_share = [{ share = 0.5, tag = "promo" }]',
        "[catalogue.defaults]\nstock = 5",
        '[[action]]\nid = "bogo"\nchannels = ["email"]\nstock = 5',
        "",
    ],
)
def test_a_plan_that_contacts_everybody_keeps_no_limit(tmp_path: Path, said: str) -> None:
    """The last one: the stock is in the catalogue's file."""
    with pytest.raises(ConfigError, match="allow_nothing = false contacts everybody"):
        compiled(
            tmp_path,
            f"[catalogue]\nallow_nothing = false\n{said}\n",
            Catalogue(CATALOGUE.offers, allow_nothing=False),
        )


def test_what_is_left_is_what_was_not_used() -> None:
    limits = PopulationLimits(SAID, CATALOGUE, live_share=0.25)
    totals = Counts(KINDS)
    for kind, n in enumerate((4, 2, 1, 1, 2)):
        totals.add(kind, NOW_US, n)
    totals.add(0, NOW_US - 24 * HOUR_US, 7)  # out of a day's window, in a month's and in the stock
    found = limits.bounds(totals, NOW_US)
    assert [(limit.most, limit.least) for limit in found] == [
        (50_000.0 - 1.0 - 4.0 - 3.0 - 1.75, None), (2_000.0 - 8.0, None), (10.5 - 8.0, None), (993.0, None),
        (None, pytest.approx(-(2 - 0.5))), (pytest.approx(-(4 - 4.0)), None), (29.0, None),
    ]  # fmt: skip
    assert [limit.most for limit in limits.for_night(found)][3:] == [744.75, None, found[5].most, 21.75]
    assert PopulationLimits(SAID, CATALOGUE, live_share=1.0).for_night(found)[6].most == 0.0


contacts = st.lists(st.tuples(st.integers(0, len(KINDS) - 1), st.integers(-800, 30)), max_size=60)


@given(contacts=contacts, now=st.integers(-20, 20), mixed=st.permutations(range(len(KINDS))))
def test_what_is_used_is_a_plain_sum_whatever_order_kinds_come_in(
    contacts: list[tuple[int, int]], now: int, mixed: list[int]
) -> None:
    limits = PopulationLimits(SAID, CATALOGUE)
    totals, other = Counts(KINDS), Counts([KINDS[k] for k in mixed])
    for kind, hour in contacts:
        totals.add(kind, hour * HOUR_US)
        other.add(mixed.index(kind), hour * HOUR_US)
    for reader in (totals, other):
        found = limits.used(reader, now * HOUR_US, 0)
        assert found == limits.used(totals, now * HOUR_US, 0)
    hours = (720, 24, 2, 24)
    for limit, used, width in zip(SAID[:4], found[:4], hours, strict=True):
        inside = [limit.use_of(KINDS[kind]) for kind, hour in contacts if hour > now - width]
        assert used == pytest.approx(sum(inside))
    shares = [[limit.use_of(KINDS[kind]) for kind, hour in contacts if hour >= 0] for limit in SAID[4:6]]
    assert found[4:6] == pytest.approx([sum(one) for one in shares])
    assert found[6] == sum(KINDS[kind].action_id == "bogo" for kind, _ in contacts)


def test_no_limits_are_no_limits(tmp_path: Path) -> None:
    none = compiled(tmp_path, "", Catalogue(CATALOGUE.offers[2:]))
    assert none.limits == ()
    assert none.uses.shape == (0, 3)
    assert none.bounds(Counts(()), NOW_US) == []
    assert np.array_equal(none.for_night([]), [])
