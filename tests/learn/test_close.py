"""Windows closed live, and what the fast learner makes of them: each once, in every process the same."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from nbatool.base.errors import BusyError
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.learn.close import LiveClosing
from nbatool.models.lessons import MOST_SINCE_SNAPSHOT, LivePosterior
from nbatool.models.posterior import Posterior
from nbatool.store.decision_record import Slot
from nbatool.store.learned import LearnedSnapshot

S = 1_000_000
ARMS = [("mail", "email"), ("nothing", None)]


def publish(desk: Any, posterior: Any, *, version: str = "v1") -> None:
    desk.online.learned.put_in_force(LearnedSnapshot(version, posterior.to_bytes(), 0, 0, 0))


def test_outcomes_and_silence_are_taken_in_by_age(
    desk: Any, record: Any, terms: OutcomeTerms, sum_posterior: Any
) -> None:
    publish(desk, sum_posterior(ARMS))
    desk.online.record(record("d_1"))
    desk.online.record(record("d_2", as_of_us=2000 * S, slots=[Slot(1, 0.1, 0.2)]))
    desk.online.record(record("d_3", as_of_us=2000 * S))
    desk.say(1010, {"decision_id": "d_1", "outcome": 12})
    desk.say(2010, {"decision_id": "d_2", "outcome": 4})
    learner = LivePosterior(desk.online, terms.half_life_s, sum_posterior.from_bytes)
    # Only d_1 is closed so far: 12 − 2 expected.
    assert learner.current("v1").totals == [[1.0, 10.0], [0.0, 0.0]]
    desk.say(2120)
    # d_1 is a half-life older than the others; d_2 did nothing, expected 1; d_3 brought nothing, expected 2.
    assert learner.current("v1").totals == [[0.5 + 1.0, 5.0 - 2.0], [1.0, 3.0]]
    assert learner.current("v2") is None
    anew = LivePosterior(desk.online, terms.half_life_s, sum_posterior.from_bytes)
    assert anew.current("v1").totals == learner.current("v1").totals


def test_nothing_is_learned_from_another_version_or_a_lost_action(
    desk: Any, record: Any, terms: OutcomeTerms, sum_posterior: Any
) -> None:
    publish(desk, sum_posterior(ARMS))
    desk.online.record(record("old", model_version="v0"))
    desk.online.record(record("gone", candidates=[("letter", "post"), ("nothing", None)]))
    desk.online.record(record("unknown", expected=[None, 1.0]))
    desk.online.record(record("none", phi=[]))
    desk.online.record(record("more", phi=[1.0, 2.0, 3.0]))
    desk.online.record(record("forced", removed=[0, 3]))
    learner = LivePosterior(desk.online, terms.half_life_s, sum_posterior.from_bytes)
    closed = LiveClosing(desk.online, terms, learner).close_due(1120 * S)
    assert len(desk.lessons()) == 6
    assert (closed.windows, closed.learned) == (6, 0)
    assert learner.current("v1").totals == [[0.0, 0.0], [0.0, 0.0]]
    desk.online.record(record("plain"))
    closed = LiveClosing(desk.online, terms, learner).close_due(1120 * S)
    assert (closed.windows, closed.learned) == (1, 1)
    assert learner.current("v1").totals == [[1.0, -2.0], [0.0, 0.0]]


def test_a_new_snapshot_is_what_was_known(
    desk: Any, record: Any, terms: OutcomeTerms, sum_posterior: Any
) -> None:
    publish(desk, sum_posterior(ARMS))
    n = MOST_SINCE_SNAPSHOT + 200
    with desk.online.transaction():
        for k in range(n):
            desk.online.record(record(f"d_{k}", as_of_us=1000 * S + k))
    reader = LivePosterior(desk.online, terms.half_life_s, sum_posterior.from_bytes)
    reader.current("v1")
    learner = LivePosterior(desk.online, terms.half_life_s, sum_posterior.from_bytes)
    closing = LiveClosing(desk.online, terms, learner)
    assert closing.close_due(3000 * S).windows == n
    snapshot = desk.online.learned.snapshot()
    assert 0 < snapshot.lesson_position < n
    anew = LivePosterior(desk.online, terms.half_life_s, sum_posterior.from_bytes)
    weight = sum(0.5 ** ((n - 1 - k) / S / 1000) for k in range(n))
    for each in (reader, learner, anew):
        assert each.current("v1").totals[0] == pytest.approx([weight, -2 * weight], rel=1e-9)


def test_two_processes_close_each_window_once(
    desk: Any, record: Any, terms: OutcomeTerms, sum_posterior: Any
) -> None:
    publish(desk, sum_posterior(ARMS))
    for k in range(5):
        desk.online.record(record(f"d_{k}"))
    services = [desk.service(1120), desk.service(1120)]
    for service in services:
        service.finish()
    assert [service.closed.windows for service in services] == [5, 0]
    learner = LivePosterior(desk.online, terms.half_life_s, sum_posterior.from_bytes)
    assert learner.current("v1").totals[0] == [5.0, -10.0]


def test_a_transaction_that_fails_closes_nothing(
    desk: Any, record: Any, terms: OutcomeTerms, sum_posterior: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(desk, sum_posterior(ARMS))
    for k in range(3):
        desk.online.record(record(f"d_{k}"))
    learner = LivePosterior(desk.online, terms.half_life_s, sum_posterior.from_bytes)
    closing = LiveClosing(desk.online, terms, learner)
    whole = closing._lesson

    def fails_at_the_last(choice: Any, *rest: Any) -> Any:
        if choice.decision_id == "d_2":
            raise KeyboardInterrupt
        return whole(choice, *rest)

    monkeypatch.setattr(closing, "_lesson", fails_at_the_last)
    with pytest.raises(KeyboardInterrupt):
        closing.close_due(1120 * S)
    assert desk.lessons() == {}
    assert learner.current("v1").totals[0] == [0.0, 0.0]
    monkeypatch.undo()
    assert closing.close_due(1120 * S).windows == 3
    assert learner.current("v1").totals[0] == [3.0, -6.0]


def test_the_posterior_in_force_is_the_one_of_direct_updates(
    desk: Any, record: Any, terms: OutcomeTerms
) -> None:
    start = Posterior.start(ARMS, None, np.ones(2), noise=4.0, half_life_s=float(terms.half_life_s))
    publish(desk, start)
    outcomes = [3.0, 0.0, 8.5]
    for k, outcome in enumerate(outcomes):
        desk.online.record(record(f"d_{k}", as_of_us=(1000 + k) * S, phi=[1.0, 0.1 * k]))
        desk.say(1005 + k, {"decision_id": f"d_{k}", "outcome": outcome})
    desk.say(1200)
    direct = start.copy()
    direct.forget(1000)
    for k, outcome in enumerate(outcomes):
        direct.forget(1.0 if k else 0.0)
        direct.update(np.array([1.0, 0.1 * k]), 0, outcome - 2.0)
    phi = np.array([[1.0, 0.3]])
    live = LivePosterior(desk.online, terms.half_life_s).current("v1")
    assert live is not None
    np.testing.assert_array_equal(live.mean(phi), direct.mean(phi))
    np.testing.assert_array_equal(live.sd(phi), direct.sd(phi))
    assert live.mean(phi)[0, 0] > 0


def test_what_is_learned_meanwhile_is_not_lost(
    desk: Any, record: Any, terms: OutcomeTerms, sum_posterior: Any
) -> None:
    publish(desk, sum_posterior(ARMS))
    learner = LivePosterior(desk.online, terms.half_life_s, sum_posterior.from_bytes)
    assert learner.closed_position == 0
    assert learner.learn(record("night").choice(), 7.0)
    desk.online.record(record("live"))
    desk.say(1120)
    learner.keep(closed_position=1)
    anew = LivePosterior(desk.online, terms.half_life_s, sum_posterior.from_bytes)
    for each in (learner, anew):
        assert each.current("v1").totals[0] == [2.0, 5.0 - 2.0]
        assert each.closed_position == 1
    # Published anew in between: what was learned from the older one is not put over it.
    assert learner.learn(record("other").choice(), 7.0)
    publish(desk, sum_posterior(ARMS), version="v2")
    with pytest.raises(BusyError, match="published anew"):
        learner.keep(closed_position=2)
    assert desk.online.learned.base() == ("v2", 0)


def test_answers_do_not_wait_for_windows_of_long_ago(
    desk: Any, record: Any, terms: OutcomeTerms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nbatool.learn.close.MOST_AT_ONCE", 2)
    with desk.online.transaction():
        for k in range(5):
            desk.online.record(record(f"d_{k}"))
    # Due, though not closed yet: late all the same, and it counts for nothing.
    line = {"decision_id": "d_4", "outcome": 9, "ts": "1970-01-01T00:17:00Z"}
    service = desk.service(1120)
    assert service.take([msgspec.json.encode(line)], 1) == [{"decision_id": "d_4", "status": "late"}]
    assert len(desk.lessons()) == 2
    service.finish()
    assert desk.lessons() == {f"d_{k}": 0.0 for k in range(5)}


def test_a_decision_without_choice_is_closed_and_teaches_nothing(
    desk: Any, record: Any, terms: OutcomeTerms, sum_posterior: Any
) -> None:
    publish(desk, sum_posterior(ARMS))
    desk.online.record(record("alone", slots=[Slot(1, 1.0, 1.0)], removed=[4, 0]))
    desk.say(1010, {"decision_id": "alone", "outcome": 12})
    desk.say(1120)
    assert desk.lessons() == {"alone": 12.0}
    learner = LivePosterior(desk.online, terms.half_life_s, sum_posterior.from_bytes)
    assert learner.current("v1").totals == [[0.0, 0.0], [0.0, 0.0]]
