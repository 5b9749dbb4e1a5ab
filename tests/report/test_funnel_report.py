"""The funnel over everybody: every number as counted by hand, every line within the terminal."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from decided import policy_of
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nbatool.activate.funnel_tally import FunnelStep, FunnelTally, RuleCount
from nbatool.decide.decision import STEPS
from nbatool.decide.taken_out import TakenOut
from nbatool.report.funnel_report import funnel_json, funnel_text

POLICY = policy_of()
OFFERS = len(POLICY.catalogue.offers)
CODES = hnp.arrays(
    np.int8, st.tuples(st.integers(1, 12), st.just(OFFERS)), elements=st.integers(0, len(STEPS))
)
NO_RULE = {"consent", "reach", "suppressed", "cap", "gap", "limit", "review", "channel"}


def chunk(removed: Any) -> Any:
    """Of customers whom this removed; the first offer is worth something, each takes the first that is possible."""
    n = len(removed)
    net_value = np.tile([1.0, -1.0, 0.0], (n, 1))
    chosen = np.where((removed == 0).any(axis=1), (removed == 0).argmax(axis=1), -1)
    decision = SimpleNamespace(removed=removed, net_value=net_value, chosen=chosen, arm=np.zeros(n, np.int8))
    return SimpleNamespace(decision=decision, told=None, review=None, taken_out={})


@given(CODES, st.integers(0, 12))
def test_counts_are_those_by_hand_whatever_the_chunks(removed: Any, cut: int) -> None:
    removed[np.isin(removed, [1 + STEPS.index(s) for s in ("reach", "suppressed")])] = 0
    tally = FunnelTally(POLICY)
    for part in (removed[:cut], removed[cut:]):
        tally.add(chunk(part))
    steps = {step.step: step for step in tally.steps()}
    assert (steps["catalogue"].candidates, steps["catalogue"].customers) == (removed.size, len(removed))
    before = removed.size
    for code, name in enumerate(STEPS, start=1):
        left, step = (removed == 0) | (removed > code), steps[name]
        assert (step.candidates, step.customers) == (left.sum(), left.any(axis=1).sum())
        gone = removed == code
        assert step.removed is not None
        assert (step.removed.candidates, step.removed.customers) == (gone.sum(), gone.any(axis=1).sum())
        assert before - step.candidates == step.removed.candidates
        if name not in NO_RULE:
            assert sum(rule.candidates for rule in step.rules) == gone.sum()
        before = step.candidates
    assert steps["worth more than nothing"].candidates == (removed[:, 0] == 0).sum()
    assert steps["chosen"].customers == (removed == 0).any(axis=1).sum()


def test_what_was_taken_out_has_the_rule_that_did_it() -> None:
    limit = 1 + STEPS.index("limit")
    tally = FunnelTally(POLICY)
    why = {row: TakenOut("limit", 0, "stock of mug" if row < 3 else "budget 9 in 1d") for row in range(5)}
    part = chunk(np.array([[limit, 0, 0]] * 5, np.int8))
    part.taken_out = why
    tally.add(part)
    (found,) = (step for step in tally.steps() if step.step == "limit")
    assert found.rules == (RuleCount("stock of mug", 3, 3), RuleCount("budget 9 in 1d", 2, 2))


STEPS_SHOWN = (
    FunnelStep("catalogue", 31_500, 1_500),
    FunnelStep(
        "cap", 21_500, 1_400, RuleCount("cap", 10_000, 1_500),
        tuple(RuleCount(f"at most {k} contacts by channel email in 30d of those that count", 10 - k, 5) for k in range(6)),
        (RuleCount("wait for the end of quiet hours", 936, 72),),
    ),
    FunnelStep("chosen", 402, 402),
)  # fmt: skip


def test_three_rules_and_the_rest_together() -> None:
    lines = funnel_text(STEPS_SHOWN, 80).splitlines()
    assert lines[1].split() == ["step", "candidates", "customers", "candidates", "customers"]
    assert lines[3].split() == ["cap", "21,500", "1,400", "10,000", "1,500"]
    assert lines[4].startswith("    at most 0 contacts by channel email in 30d of those")
    assert lines[4].split()[-2:] == ["10", "5"]
    assert lines[7].split() == ["3", "more", "18"]
    assert lines[8].split()[-2:] == ["936", "72"]
    assert lines[9].split() == ["chosen", "402", "402"]


@pytest.mark.parametrize("width", [76, 80, 100, 120, 200])
def test_it_fits_the_terminal(width: int) -> None:
    assert max(map(len, funnel_text(STEPS_SHOWN, width).splitlines())) <= width


def test_json_has_every_rule() -> None:
    cap = funnel_json(STEPS_SHOWN)[1]
    assert (cap["removed_candidates"], cap["removed_customers"], len(cap["rules"])) == (10_000, 1_500, 6)
    assert cap["notes"] == [{"note": "wait for the end of quiet hours", "candidates": 936, "customers": 72}]
