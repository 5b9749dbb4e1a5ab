"""What an answer is told, and what it counts for; decisions at second 1000, window 100 s, wait 20 s."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from desk import SPEND

from nbatool.base.errors import DataError
from nbatool.features.outcome_terms import ObjectiveTerms, OutcomeTerms
from nbatool.learn.answer_line import parse_answer
from nbatool.learn.live import AnswerService
from nbatool.store.closing import Mark
from nbatool.store.night_decisions import NightChunk, NightTerms, write_night
from nbatool.store.nights import Night

S = 1_000_000


def test_an_outcome_is_credited_once(desk: Any, record: Any) -> None:
    desk.online.record(record())
    bought = {"decision_id": "d_1", "outcome": 12.5}
    assert desk.say(1010, bought, bought) == ["credited", "duplicate"]
    assert desk.say(1011, bought, bought | {"outcome_id": "b"}, bought | {"outcome": 3}) == [
        "duplicate", "credited", "credited",
    ]  # fmt: skip
    assert desk.say(1012, bought | {"outcome_id": "b", "outcome": 99}) == ["duplicate"]  # the first stands
    assert desk.say(1120) == []
    assert desk.lessons() == {"d_1": 28.0}


def test_equal_outcomes_of_other_times_are_others(desk: Any, record: Any) -> None:
    desk.online.record(record())
    said = {"decision_id": "d_1", "outcome": 1}
    at = [said | {"ts": "1970-01-01T00:16:45Z"}, said | {"ts": "1970-01-01T00:16:46Z"}]
    assert desk.say(1010, *at, at[0]) == ["credited", "credited", "duplicate"]


def test_late_is_kept_and_counts_for_nothing(desk: Any, record: Any) -> None:
    desk.online.record(record())
    bought = {"decision_id": "d_1", "outcome": 12.5}
    after_window = bought | {"ts": "1970-01-01T00:18:20Z"}  # second 1100
    assert desk.say(1101, after_window, bought | {"outcome_id": "in time", "ts": "1970-01-01T00:18:19Z"}) == [
        "late", "credited",
    ]  # fmt: skip
    assert desk.say(1120, bought | {"outcome_id": "after the wait", "ts": "1970-01-01T00:17:00Z"}) == ["late"]
    assert desk.lessons() == {"d_1": 12.5}
    assert [a.told for a in desk.online.answers.of_decision("d_1")] == ["late", "credited", "late"]


def test_a_window_closes_once(desk: Any, record: Any) -> None:
    desk.online.record(record())
    assert desk.say(1120) == []
    assert desk.lessons() == {"d_1": 0.0}  # nothing arrived
    assert desk.say(1121, {"decision_id": "d_1", "outcome": 5}) == ["late"]
    assert desk.say(2000) == []
    assert desk.lessons() == {"d_1": 0.0}


def test_one_window_before_its_wait_ends_stays_open(desk: Any, record: Any) -> None:
    desk.online.record(record())
    desk.say(1119)
    assert desk.lessons() == {}
    assert desk.online.decisions.next_due_us() == 1120 * S


def test_unknown_is_kept_for_a_decision_that_comes_later(desk: Any, record: Any) -> None:
    bought = {"decision_id": "d_1", "outcome": 7, "ts": "1970-01-01T00:16:45Z"}
    assert desk.say(1010, bought) == ["unknown"]
    desk.online.record(record())
    assert desk.say(1011, bought) == ["duplicate"]
    desk.say(1120)
    assert desk.lessons() == {"d_1": 7.0}


def test_released_earns_nothing(desk: Any, record: Any) -> None:
    desk.online.record(record())
    desk.online.record(record("d_2"))
    released = {"decision_id": "d_1", "status": "released"}
    assert desk.say(1010, released, released, {"decision_id": "d_1", "outcome": 5}) == [
        "released", "duplicate", "released",
    ]  # fmt: skip
    service = desk.service(1120)
    service.finish()
    assert (service.closed.windows, service.closed.by_default, service.closed.released) == (1, 1, 1)
    assert desk.lessons() == {"d_2": 0.0}
    assert desk.say(1130, {"decision_id": "d_2", "status": "released"}) == ["late"]


def test_sent_after_released_counts(desk: Any, record: Any) -> None:
    desk.online.record(record())
    assert desk.say(1010, {"decision_id": "d_1", "status": "released"}) == ["released"]
    assert desk.say(1011, {"decision_id": "d_1", "status": "sent", "outcome": 4}) == ["credited"]
    desk.say(1120)
    assert desk.lessons() == {"d_1": 4.0}


def test_errors_name_what_is_wrong_and_the_stream_goes_on(desk: Any, record: Any) -> None:
    desk.online.record(record())
    told = desk.say(
        1010,
        {"decision_id": "d_1", "outcome": 1, "ts": "1970-01-01T00:16:39Z"},
        {"decision_id": "d_1", "outcome": 1, "objective": "spent"},
        {"decision_id": "d_1", "outcom": 1},
        {"decision_id": "d_1"},
        {"decision_id": "d_1", "status": "send"},
        {"decision_id": "d_1", "outcome": 1},
    )
    assert told[0].startswith("ts 1970-01-01T00:16:39Z lies before the decision, 1970-01-01T00:16:40Z")
    assert told[1] == 'objective: there is no "spent"; did you mean "spend"?'
    assert told[2] == 'unknown key "outcom"; did you mean "outcome"?'
    assert told[3].startswith("the line says nothing")
    assert told[4] == 'status: there is no "send"; did you mean "sent"?'
    assert told[5] == "credited"
    answer = desk.service(1010).take([b"{", b"[]", b'{"decision_id": "d_1", "outcome": true}'], 7)
    assert [a["error"]["line"] for a in answer] == [7, 8, 9]
    assert answer[2]["error"]["decision_id"] == "d_1"


@pytest.mark.parametrize(
    "value", ["NaN", "Infinity", "-Infinity", "1e15", '"nan"', '"12,5"', '""', "[1]", "true"]
)
def test_no_amount_is_refused(value: str) -> None:
    with pytest.raises(DataError, match=r"outcome|not a JSON object"):
        parse_answer(f'{{"decision_id": "d_1", "outcome": {value}}}')


@pytest.mark.parametrize(
    "line",
    [
        '{"outcome": 1}',
        '{"decision_id": "", "outcome": 1}',
        '{"decision_id": "d", "outcome": 1, "status": "released"}',
        '{"decision_id": "d", "status": "sent", "outcome_id": "x"}',
        '{"decision_id": "d", "outcome": 1, "ts": "yesterday"}',
        '{"decision_id": "d", "outcome": 1, "outcome_id": "' + "x" * 2000 + '"}',
        "null",
    ],
)
def test_a_line_that_cannot_be_meant_is_refused(line: str) -> None:
    with pytest.raises(DataError):
        parse_answer(line)


def test_answers_ahead_of_now_are_refused_where_the_clock_runs(desk: Any, record: Any) -> None:
    ahead = b'{"decision_id": "d_1", "outcome": 1, "ts": "2999-01-01"}'
    service = AnswerService(desk.data_dir)
    assert "more than 5 minutes ahead of now" in service.take([ahead], 1)[0]["error"]["message"]
    service.close()
    desk.publish(clock_runs=False)
    desk.online.record(record())
    service = AnswerService(desk.data_dir)
    # Old data: the present stands at the cut, and what follows a decision lies ahead of it.
    assert (
        service.take([b'{"decision_id": "d_1", "outcome": 1, "ts": "1970-01-01T00:17:00Z"}'], 1)[0]["status"]
        == "credited"
    )
    assert service.take([b'{"decision_id": "d_1", "outcome": 2}'], 2)[0]["status"] == "credited"
    service.close()


def test_the_nights_decisions_are_known(desk: Any) -> None:
    night = NightTerms(1000 * S, 1120 * S, 0, "v1", [("mail", "email"), ("nothing", None)])
    with write_night(desk.data_dir / "decisions-1.db", night) as writer:
        writer.add(
            NightChunk(["d_a", "d_b"], np.array([0, 1]), np.array([2.0, np.nan]), np.array([[1.0, 0.5]] * 2))
        )
    desk.online.nights.register(Night("decisions-1.db", 1000 * S, 1120 * S, 0, 2, 0))
    told = desk.say(
        1010,
        {"decision_id": "d_a", "status": "sent"},
        {"decision_id": "d_a", "outcome": 4},
        {"decision_id": "d_c", "outcome": 4},
    )
    assert told == ["confirmed", "credited", "unknown"]
    # The night is closed in the warehouse, answers and silence together.
    assert desk.say(1119, {"decision_id": "d_b", "outcome": 4, "ts": "1970-01-01T00:17:00Z"}) == ["credited"]
    assert desk.say(1120, {"decision_id": "d_b", "outcome": 5, "ts": "1970-01-01T00:17:00Z"}) == ["late"]
    assert desk.lessons() == {}


def test_a_confirmation_after_the_reservation_is_late(desk: Any, terms: OutcomeTerms) -> None:
    long = OutcomeTerms((ObjectiveTerms("spend", None, "sum", 10**6, False, None, None, 1.0),), 0, 0.0, 1, 50)
    desk.publish(long)
    with write_night(
        desk.data_dir / "decisions-1.db", NightTerms(1000 * S, 10**6 * S, 0, "v1", [("mail", "email")])
    ) as writer:
        writer.add(NightChunk(["d_a"], np.array([0]), np.array([2.0]), np.empty((1, 0))))
    desk.online.nights.register(Night("decisions-1.db", 1000 * S, 10**6 * S, 0, 1, 0))
    assert desk.say(1050, {"decision_id": "d_a", "status": "sent"}) == ["late"]


def test_a_window_shorter_than_the_reservation_waits_for_the_confirmation(desk: Any) -> None:
    """As `learn` says of such contacts: they may still be confirmed."""
    desk.publish(OutcomeTerms((SPEND,), 20, 0.0, 1, 500))  # closes at second 1120, reserved until 1500
    with write_night(
        desk.data_dir / "decisions-1.db", NightTerms(1000 * S, 1120 * S, 0, "v1", [("mail", "email")])
    ) as writer:
        writer.add(NightChunk(["d_a", "d_b"], np.array([0, 0]), np.array([2.0, 2.0]), np.empty((2, 0))))
    desk.online.nights.register(Night("decisions-1.db", 1000 * S, 1120 * S, 0, 2, 0))
    assert desk.say(1499, {"decision_id": "d_a", "status": "sent"}) == ["confirmed"]
    assert desk.say(1500, {"decision_id": "d_b", "status": "sent", "ts": "1970-01-01T00:17:00Z"}) == ["late"]


def test_several_objectives_are_named(desk: Any, record: Any) -> None:
    click = ObjectiveTerms("click", None, "any", 10, False, None, None, 2.0)
    spend = ObjectiveTerms("spend", None, "sum", 100, False, 50.0, 60.0, 1.0)
    desk.publish(OutcomeTerms((spend, click), 20, -1.0, 1000))
    desk.online.record(record())
    desk.online.record(record("d_2"))
    said = {"decision_id": "d_1", "outcome": 1}
    told = desk.say(
        1005, said, said | {"objective": "click"}, said | {"objective": "click", "outcome_id": "again"}
    )
    assert told[0].startswith("objective is missing: which of spend, click")
    assert told[1:] == ["credited", "credited"]
    assert desk.say(1010, said | {"objective": "click", "outcome_id": "c3"}) == ["late"]
    for number, amount in enumerate((70, 20, -3)):
        line = {"decision_id": "d_1", "outcome": amount, "objective": "spend", "outcome_id": number}
        assert desk.say(1050, line) == ["credited"]
    desk.say(1120)
    # min(50 + 20 − 3, 60) + 2 · any
    assert desk.lessons() == {"d_1": 62.0, "d_2": -1.0}


def test_objectives_of_events_wait_for_the_warehouse(desk: Any, record: Any) -> None:
    desk.publish(
        OutcomeTerms((ObjectiveTerms("spend", "buy", "sum", 100, False, None, None, 1.0),), 20, 0.0, 1000)
    )
    desk.online.record(record())
    assert desk.say(1010, {"decision_id": "d_1", "outcome": 5}) == ["credited"]
    desk.say(5000)
    assert desk.lessons() == {}


def test_what_was_published_earlier_is_asked_to_be_published_again(desk: Any) -> None:
    from nbatool.store.online import Published
    from nbatool.store.state import write_state

    with write_state(desk.data_dir / "state-old.db") as writer:
        writer.put_meta("clock_runs", b"true")
    desk.online.publish(Published("state-old.db", "v0", 0, 0, 0))
    with pytest.raises(DataError, match="Publish again"):
        AnswerService(desk.data_dir)


def test_what_learn_has_closed_is_late_where_the_present_stands_still(desk: Any) -> None:
    """Old data: the present of an answer is the cut, long before the time up to which windows were closed."""
    desk.publish(OutcomeTerms((SPEND,), 20, 0.0, 1, 500), clock_runs=False)
    for number, as_of in enumerate((1000, 1300, 1600)):
        night = NightTerms(
            as_of * S, (as_of + 120) * S, 0, "v1", [("mail", "email"), ("nothing", None)]
        )  # fmt: skip
        with write_night(desk.data_dir / f"decisions-{number}.db", night) as writer:
            names = [f"d_{kind}{number}" for kind in ("sent", "open", "nothing")]
            writer.add(NightChunk(names, np.array([0, 0, 1]), np.array([2.0, 2.0, np.nan]), np.ones((3, 2))))
        desk.online.nights.register(Night(f"decisions-{number}.db", as_of * S, (as_of + 120) * S, 0, 3, 0))
    desk.online.closing.put(Mark(1300 * S, 1000 * S))
    desk.online.closing.add_contacts([("d_sent1", 1300 * S)])
    service = AnswerService(desk.data_dir)

    def told(said: dict[str, Any]) -> dict[str, str]:
        names = [f"d_{kind}{number}" for number in range(3) for kind in ("sent", "open", "nothing")]
        lines = [msgspec.json.encode({"decision_id": name, **said}) for name in names]
        return {name: row["status"] for name, row in zip(names, service.take(lines, 1), strict=True)}

    said = told({"outcome": 9})
    assert {name for name, status in said.items() if status == "credited"} == {
        "d_sent2",
        "d_open2",
        "d_nothing2",
    }
    assert told({"outcome": 8, "ts": "1970-01-01T00:26:40Z"})["d_sent1"] == "late"
    said = told({"status": "released"})
    # Beside a contact that was closed the others of its night may still be confirmed, or released.
    assert {name for name, status in said.items() if status == "released"} == {
        "d_open1", "d_sent2", "d_open2", "d_nothing2",
    }  # fmt: skip
    desk.online.closing.put(Mark(0, 0))
    assert desk.online.closing.mark() == Mark(1300 * S, 1000 * S)  # it never goes back
    desk.online.closing.put(Mark(1600 * S, 1300 * S))
    assert not desk.online.closing.has_contact("d_sent1")
    assert told({"status": "sent"})["d_open1"] == "late"
    service.close()
