"""Answers to decisions a person looks at: decided at second 1000, window 100 s, wait 20 s, confirmed within 50 s."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from desk import SPEND, S

from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.store.closing import Mark
from nbatool.store.contact import Contact
from nbatool.store.night_decisions import NightChunk, NightTerms, write_night
from nbatool.store.nights import Night
from nbatool.store.reviews import Review

TERMS = OutcomeTerms((SPEND,), 20, 0.0, 1000, 50)


@pytest.fixture(name="night")
def _night(desk: Any) -> Any:
    """A night of three decisions that wait for a person, and one that does not."""
    desk.publish(TERMS)
    names = ["d_a", "d_b", "d_c", "d_free"]
    with write_night(
        desk.data_dir / "decisions-1.db", NightTerms(1000 * S, 1120 * S, 0, "v1", [("mail", "email")])
    ) as writer:
        writer.add(NightChunk(names, np.zeros(4, np.int64), np.full(4, 2.0), np.ones((4, 2))))
    desk.online.nights.register(Night("decisions-1.db", 1000 * S, 1120 * S, 0, 4, 0))
    desk.online.reviews.replace_night(1000 * S, [row(name) for name in names[:3]])
    return desk


def row(name: str) -> Review:
    return Review(name, f"c{name}", 1, "mail", "email", 1000 * S, 1000 * S, 1.0, "dear", {})


def goes_out(desk: Any, name: str, night: int, second: int) -> None:
    """Approve a decision, and let it go out with a later night's file, its contact at a second."""
    desk.online.reviews.approve(name, "ann", "", night * S)
    desk.online.ledger.reserve([Contact(f"c{name}", name, 1, "mail", "email", (), second * S)])
    desk.online.reviews.mark_out([name], night * S)


def bought(name: str, second: int, amount: float = 5) -> dict[str, Any]:
    return {
        "decision_id": name,
        "outcome": amount,
        "ts": f"1970-01-01T00:{second // 60:02d}:{second % 60:02d}Z",
    }


def test_nothing_can_come_of_what_waits(night: Any) -> None:
    said = night.say(
        1010, bought("d_a", 1005), {"decision_id": "d_a", "status": "sent"}, bought("d_free", 1005)
    )
    assert said[0].startswith(
        "d_a waits for review and is in no action file yet, so nothing can have come of it"
    )
    assert said[0].endswith("nbatool review approve d_a")
    assert said[1:] == [said[0], "credited"]
    night.online.reviews.approve("d_a", "ann", "", 1020 * S)
    assert night.say(1030, bought("d_a", 1025))[0].endswith("it goes out with the next: nbatool score")
    assert night.online.answers.of_decision("d_a") == []


def test_a_rejection_is_heard_however_long_it_waited(night: Any) -> None:
    """Windows of its night are over, and closed: it had none."""
    night.online.closing.put(Mark(1000 * S, 1000 * S))
    night.online.reviews.reject("d_b", "ann", "no", 1900 * S)
    told = night.say(
        1900, {"decision_id": "d_b", "status": "released"}, bought("d_b", 1800), {"decision_id": "d_b", "status": "sent"}
    )  # fmt: skip
    assert told[:2] == ["released", "released"]
    assert told[2] == "d_b was rejected in review and did not go out, so it cannot be sent"
    assert night.say(1900, {"decision_id": "d_free", "status": "released"}) == ["late"]


def test_what_went_out_is_answered_from_then_on(night: Any) -> None:
    goes_out(night, "d_a", 1400, 1410)
    night.online.closing.put(Mark(1000 * S, 1000 * S))
    told = night.say(
        1450, bought("d_a", 1409), bought("d_a", 1411), {"decision_id": "d_a", "status": "sent"}, bought("d_free", 1100)
    )  # fmt: skip
    assert told[0] == (
        "ts 1970-01-01T00:23:29Z lies before its contact went out, 1970-01-01T00:23:30Z: "
        "what happened before cannot come of it"
    )
    assert told[1:] == ["credited", "confirmed", "late"]
    assert night.say(1511, bought("d_a", 1510), bought("d_a", 1509)) == ["late", "credited"]
    assert night.say(1530, bought("d_a", 1508)) == ["late"], "its window and the wait are over"


def test_it_is_confirmed_in_time_counted_from_when_it_goes_out(night: Any) -> None:
    for name in ("d_a", "d_b", "d_c"):
        goes_out(night, name, 1400, 1410)
    sent = {"status": "sent"}
    assert night.say(1440, {"decision_id": "d_c", "status": "sent"}) == ["confirmed"]
    at = [
        {"decision_id": name, **sent, "ts": f"1970-01-01T00:24:{s}Z"}
        for name, s in (("d_a", 19), ("d_b", 20))
    ]
    assert night.say(1461, *at) == ["confirmed", "late"]
    night.online.closing.put(Mark(1410 * S, 1300 * S))
    night.online.closing.add_contacts([("d_c", 1410 * S)])
    assert night.say(1462, bought("d_a", 1461)) == ["late"]
    said = [{"decision_id": name, "status": "released"} for name in ("d_c", "d_b")]
    assert night.say(1462, *said) == ["late", "released"], "beside a closed one others may still be released"


def test_the_nights_file_stays_as_long_as_somebody_may_ask(night: Any) -> None:
    def is_there(before: int) -> bool:
        night.online.nights.sweep(night.data_dir, before * S)
        return bool(night.online.nights.all()) and (night.data_dir / "decisions-1.db").exists()

    assert is_there(9000), "two wait"
    goes_out(night, "d_a", 1400, 1410)
    night.online.reviews.reject("d_b", "ann", "", 1500 * S)
    night.online.reviews.approve("d_c", "ann", "", 1500 * S)
    assert is_there(9000), "one is still to go out"
    night.online.reviews.mark_out(["d_c"], 1390 * S)
    assert is_there(1530), "the window of the last of them is open"
    assert not is_there(1531)


def test_those_that_wait_for_a_word_or_for_a_night_are_counted(night: Any) -> None:
    assert night.online.reviews.waiting() == 3
    night.online.reviews.approve("d_a", "ann", "", 1100 * S)
    night.online.reviews.reject("d_b", "ann", "", 1100 * S)
    assert night.online.reviews.waiting() == 2
    night.online.reviews.mark_out(["d_a"], 1200 * S)
    assert night.online.reviews.waiting() == 1
    # What went out late is remembered from then on: its outcome window is open.
    assert night.online.reviews.sweep(1100 * S) == 2
    assert night.online.reviews.word("d_a") is not None
    assert night.online.reviews.word("d_b") is None


def test_its_contact_may_be_confirmed_from_its_night_on_and_earns_from_its_send_time_on(night: Any) -> None:
    """Like a contact nobody reviewed, it may go out a little before the hour it was planned for."""
    for name in ("d_a", "d_b", "d_c"):
        goes_out(night, name, 1400, 1410)
    sent = [
        {"decision_id": "d_a", "status": "sent", "ts": "1970-01-01T00:23:20Z"},
        {"decision_id": "d_b", "status": "released", "ts": "1970-01-01T00:23:21Z"},
        {"decision_id": "d_c", "status": "sent", "ts": "1970-01-01T00:23:19Z"},
        {"decision_id": "d_c", "status": "sent", "outcome": 1, "ts": "1970-01-01T00:23:29Z"},
    ]
    told = night.say(1420, *sent)
    assert told[:2] == ["confirmed", "released"]
    assert told[2].startswith(
        "ts 1970-01-01T00:23:19Z lies before the night its contact went out with, 1970-01-01T00:23:20Z"
    )
    assert "lies before its contact went out, 1970-01-01T00:23:30Z" in told[3]
    assert night.say(1420, bought("d_a", 1409))[0].startswith("ts 1970-01-01T00:23:29Z lies before its")
    assert night.say(1511, bought("d_a", 1509), bought("d_a", 1510)) == ["credited", "late"]
    assert night.say(1405, {"decision_id": "d_c", "status": "sent"}) == ["confirmed"]
    assert [a.ts_us for a in night.online.answers.of_decision("d_c")] == [1405 * S], "now, not the send time"
