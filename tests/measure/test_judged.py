"""What policies are judged on: the decisions whose outcome is known, what they brought, and their chances."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from logged_shop import CHANCES, COST, WORTH, N, sizes

from nbatool.base.clock import parse_time
from nbatool.base.learning_settings import Evaluate
from nbatool.base.records import Action
from nbatool.decide.assemble import champion_policy
from nbatool.ingest.catalogue import load_catalogue
from nbatool.measure.evaluating import _unknown_then
from nbatool.measure.evaluation import evaluate
from nbatool.measure.honesty import honesty
from nbatool.measure.judged import Judged, read_judged
from nbatool.measure.learned_from import leak, unlearned_from_us
from nbatool.measure.outcome_unit import outcome_unit
from nbatool.measure.policies import chances
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import open_workspace

LAST = "2026-03-02"


@pytest.fixture(scope="module")
def root(logged_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(logged_shop, tmp_path_factory.mktemp("judged") / "shop"))


@pytest.fixture
def judge(root: Path) -> Callable[..., Any]:
    """Read the log of the shop, after a change to its warehouse that is undone; return what was judged and more."""

    def run(*changes: str, first: str = "2026-01-01", last: str = LAST, then: Any = None) -> Any:
        workspace = open_workspace(root)
        actions = load_catalogue(workspace.config)
        _, policy = champion_policy(workspace, actions)
        with open_warehouse(workspace) as warehouse:
            warehouse.con.begin()
            try:
                for change in changes:
                    warehouse.con.execute(change)
                judged = read_judged(
                    warehouse.con, workspace.config, policy.bundle, actions, from_us=parse_time(first),
                    until_us=parse_time(last), seed=0,
                )  # fmt: skip
                return judged if then is None else (judged, then(policy, judged))
            finally:
                warehouse.con.rollback()

    return run


def size_of(judged: Judged) -> np.ndarray:
    return judged.x[:, judged.names.index("size")].astype(int)


def test_every_imported_decision_with_its_chances_and_what_it_brought_less_its_cost(judge: Any) -> None:
    judged = judge()
    log = judged.checked.log
    assert judged.candidates == (("banner", "web"), ("coupon", "web"), ("nothing", None))
    assert judged.labels == ("banner by web", "coupon by web", "nothing")
    assert (len(log), judged.checked.left_out, judged.estimated, judged.from_events) == (N, {}, None, False)
    assert judged.policies == ("log/by size",)
    size = size_of(judged)
    assert log.propensity == pytest.approx(CHANCES[size, log.action])
    assert log.probabilities == pytest.approx(CHANCES[size], abs=1e-6)
    assert np.abs(log.reward - (WORTH[size, log.action] - COST * (log.action != 2))).max() <= 1.0001
    assert 750 < log.n_customers <= 800
    assert size.mean() == pytest.approx(sizes().mean(), abs=0.03)


def test_times_bound_it_and_what_was_told_needs_no_window(judge: Any) -> None:
    judged = judge(first="2026-02-20", last="2026-02-22")
    assert 0 < len(judged.checked.log) < 300
    at = judged.moments.moments.as_of_us
    assert parse_time("2026-02-20") <= at.min() <= at.max() < parse_time("2026-02-22")
    assert judge(first="2026-06-01", last="2026-07-01") is None
    # Without an outcome of its own a decision waits for the end of its window, 7 days.
    waiting = judge("delete from outcomes", first="2026-02-10", last="2026-02-22")
    assert waiting.moments.moments.as_of_us.max() <= parse_time("2026-02-15")


def test_unusable_rows_are_counted_by_reason_and_left_out(judge: Any) -> None:
    nobody = (
        "update decisions set probabilities = null, probability = {} where source = 'log' and slot = 1 and {}"
    )
    judged = judge(
        nobody.format("0", "decision_id = 'd1'"), nobody.format("1.5", "decision_id in ('d2', 'd3')"),
        nobody.format("1e-12", "decision_id = 'd4'"),
        "update outcomes set value = 9999999999 where decision_id = 'd5'",
    )  # fmt: skip
    assert judged.checked.left_out == {
        "the probability is zero or negative": 1, "the probability is above one": 2,
        "the probability is too small to be true": 1, "the outcome is beyond what can be true": 1,
    }  # fmt: skip
    assert len(judged.checked.log) == N - 5 == len(judged.x)


def test_missing_chances_are_estimated_and_marked(judge: Any) -> None:
    judged = judge(
        "update decisions set probability = null, probabilities = null where source = 'log' and decision_id like '%7'"
    )
    log = judged.checked.log
    assert judged.estimated is not None
    assert log.estimated
    assert len(log) == N
    off = np.abs(log.propensity - CHANCES[size_of(judged), log.action])
    assert (off < 1e-9).mean() == pytest.approx(0.9, abs=0.02)
    assert off.max() < 0.25


def test_a_row_whose_candidates_leave_its_own_choice_out_stops_nobody(judge: Any) -> None:
    judged = judge(
        "update decisions set probability = null, probabilities = null where source = 'log' and decision_id like '%7'",
        """insert into candidate_sets values ('odd', '[["coupon","web"],["nothing",null]]')""",
        "update decisions set candidate_set = 'odd' where source = 'log' and decision_id = (select min(decision_id) "
        "from decisions where source = 'log' and decision_id like '%7' and action_id = 'banner')",
    )
    assert len(judged.checked.log) == N - 1
    assert sum(judged.checked.left_out.values()) == 1


def test_an_action_that_left_the_catalogue_stays_in_the_log(judge: Any) -> None:
    judged = judge(
        "update decisions set action_id = 'flyer', channel = 'post', candidate_set = null, probabilities = null "
        "where source = 'log' and action_id = 'coupon'"
    )
    assert ("flyer", "post") in judged.candidates
    assert len(judged.checked.log) == N
    flyer = judged.candidates.index(("flyer", "post"))
    assert (judged.checked.log.action == flyer).mean() == pytest.approx(0.3, abs=0.03)


def test_released_and_anonymous(judge: Any) -> None:
    judged = judge(
        "insert into contact_states values ('d1', 'released', null)",
        "update decisions set source_id = null where source = 'log' and decision_id in ('d2', 'd3')",
    )
    assert (len(judged.checked.log), judged.anonymous) == (N - 1, 2)


def test_what_a_policy_would_have_done_sums_to_one_over_the_logs_candidates(judge: Any) -> None:
    kept = "update decisions set probability = 0, probabilities = null where source = 'log' and decision_id = 'd7'"
    judged, found = judge(kept, then=chances)
    assert found.greedy.shape == found.exploring.shape == (N - 1, 3)
    assert found.greedy.sum(axis=1) == pytest.approx(np.ones(N - 1))
    assert set(np.unique(found.greedy)) == {0.0, 1.0}
    size = size_of(judged)
    # It has learned whom the banner and whom the coupon serves.
    assert (found.greedy.argmax(axis=1) == size).mean() > 0.95
    _, rows = judge(kept, then=lambda policy, log: chances(policy, log, kept=np.array([5, 2])))
    assert rows.greedy.shape == (2, 3)


def test_what_a_version_cannot_have_learned(root: Path) -> None:
    workspace = open_workspace(root)
    _, policy = champion_policy(workspace, load_catalogue(workspace.config))
    # Decisions whose windows were open share customers and events with those it learned from.
    # Those of the night it was trained in are made at that moment, and it knows what happened before.
    assert unlearned_from_us(policy) == parse_time("2026-01-20")


def test_names_that_are_not_known_of_the_past_are_said() -> None:
    (said,) = _unknown_then("the rules", frozenset({"clv", "size", "segment"}))
    assert said.startswith("the rules: clv, segment is not known of past decisions")
    assert _unknown_then("the rules", frozenset({"size"})) == []


def _honest(judged: Judged) -> Any:
    return evaluate(judged, {}, Evaluate(resamples=100), seed=0)


RELEASED = (
    "insert into contact_states select decision_id, 'released', null from decisions "
    "where source = 'log' and action_id = 'coupon' and decision_id like '%{}'"
)


def test_contacts_that_were_never_made_do_not_make_true_chances_false(judge: Any) -> None:
    """Half of the coupons were called off: what is left has too few of them, and the chances were true all the same."""
    judged = judge(*(RELEASED.format(digit) for digit in "02468"))
    n, released = len(judged.checked.log), judged.decided.released
    assert 500 < released == judged.decided.not_made == N - n
    assert len(judged.decided.log) == N
    assert not honesty(judged.checked.log, judged.labels).honest
    found = _honest(judged)
    assert found.honest.honest, found.honest.verdict
    assert found.not_made == released
    random = found.of("random")
    assert "contacts that were decided were never made" in "; ".join(
        (*random.support.reasons, *random.support.warnings)
    )


def test_chances_that_are_false_are_found_among_all_decisions_too(judge: Any) -> None:
    lie = (
        "update decisions set probabilities = null, probability = probability / 2 "
        "where source = 'log' and action_id = 'banner'"
    )
    judged = judge(lie, RELEASED.format(3))
    assert judged.decided.log is not None
    assert not _honest(judged).honest.honest


def test_without_a_contact_missing_the_log_is_read_once(judge: Any) -> None:
    judged = judge()
    assert (judged.decided.log, judged.decided.not_made) == (None, 0)


def test_what_a_version_learned_of_the_judged_decisions_is_counted(root: Path) -> None:
    workspace = open_workspace(root)
    version, policy = champion_policy(workspace, load_catalogue(workspace.config))
    days = [parse_time(day) for day in ("2026-01-10", "2026-01-19", "2026-01-20", "2026-02-01")]
    found = leak("champion", version, policy, np.array(days))
    assert found is not None
    assert (found.version, found.decisions, found.first_us, found.last_us) == (version, 2, days[0], days[1])
    assert found.unlearned_us == parse_time("2026-01-20")
    assert leak("champion", version, policy, np.array(days[2:])) is None


def test_values_are_counted_in_money_or_in_what_is_counted(root: Path) -> None:
    config = open_workspace(root).config
    free, paid = [Action("a", "a", ("web",))], [Action("a", "a", ("web",), cost=0.1)]
    clicks, money = np.array([0.0, 1.0, 0.0]), np.array([0.0, 12.5])
    (order,) = config.objectives  # posted, measure = "sum"

    def unit(actions: list[Action], reward: np.ndarray, **changes: Any) -> str:
        changed = order.model_copy(update={"name": "click", **changes})
        return outcome_unit(config.model_copy(update={"objectives": (changed,)}), actions, reward)

    assert unit(free, clicks) == "clicks"
    assert unit(free, money) == unit(paid, clicks) == unit(free, clicks, weight=12.0) == "EUR"
    assert unit(free, np.zeros(3)) == "EUR"  # nothing came in: nobody knows what it would have been
    assert unit(free, money, measure="count", event="click") == "clicks"
    assert unit(free, money, measure="any", event="buy", name="buy_7d") == '"buy_7d"'
    assert unit(free, clicks, event="buy") == "EUR"  # a sum of the values of events
