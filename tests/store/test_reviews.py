"""The review queue: what waits, what was said, and what goes out with which night, against a plain model of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from nbatool.base.errors import DataError
from nbatool.store.online import OnlineStore
from nbatool.store.reviews import APPROVED, PENDING, REJECTED, Review, Reviews

NIGHT, NEXT = 1_000_000, 2_000_000


@pytest.fixture
def reviews(tmp_path: Path) -> Iterator[Reviews]:
    opened = OnlineStore(tmp_path / "online.db")
    yield opened.reviews
    opened.close()


def row(decision_id: str = "d_1", action: str = "call", as_of_us: int = NIGHT, worth: float = 5.0) -> Review:
    return Review(
        decision_id, f"c{decision_id}", 1, action, "phone", as_of_us, as_of_us + 7, worth, "high value",
        {"customer_id": f"c{decision_id}", "net_value": worth, "send_at": None, "reasons": "wegen Größe"},
    )  # fmt: skip


def test_what_was_put_is_read_as_it_was(reviews: Reviews) -> None:
    bare = replace(row("d_2"), channel=None, net_value=None, row={})
    reviews.put([row(), bare])
    assert reviews.pending() == [row(), bare]
    assert reviews.find("d_2") == bare
    assert reviews.counts() == {"pending": 2, "approved": 0, "rejected": 0}


def test_the_newest_night_and_the_most_valuable_come_first(reviews: Reviews) -> None:
    reviews.put([row("d_1", worth=1), row("d_2", worth=9), row("d_3", as_of_us=NEXT, worth=0)])
    assert [r.decision_id for r in reviews.pending()] == ["d_3", "d_2", "d_1"]
    assert [r.decision_id for r in reviews.pending(most=2)] == ["d_3", "d_2"]


def test_a_word_is_kept_once_and_not_contradicted(reviews: Reviews) -> None:
    reviews.put([row("d_1"), row("d_2")])
    said = reviews.approve("d_1", "ann", "fine", 50)
    assert (
        said == replace(row("d_1"), state=APPROVED, who="ann", said_us=50, note="fine") == reviews.find("d_1")
    )
    assert reviews.approve("d_1", "bob", "later", 90) == said
    assert reviews.reject("d_2", "ann", "", 60).state == REJECTED
    with pytest.raises(DataError) as raised:
        reviews.reject("d_1", "bob", "no", 90)
    assert str(raised.value) == (
        "d_1 cannot be rejected: ann approved it at 1970-01-01T00:00:00.000050Z (fine), and the first word stands. "
        "A later night decides anew"
    )
    with pytest.raises(DataError, match="d_2 cannot be approved: ann rejected it at 1970"):
        reviews.approve("d_2", "bob", "", 90)
    reviews.mark_out(["d_1"], NEXT)
    with pytest.raises(DataError, match="it went out with the action file of 1970-01-01T00:00:02"):
        reviews.reject("d_1", "bob", "", 90)
    assert [r.decision_id for r in reviews.all(APPROVED)] == ["d_1"]
    assert reviews.pending() == []


def test_the_beginning_of_an_id_is_enough_where_it_is_one(reviews: Reviews) -> None:
    reviews.put([row(f"d_a{k}") for k in range(5)] + [row("d_b"), row("d_bb"), row("d_%")])
    assert reviews.find("d_a3").decision_id == reviews.approve("d_a3", "ann", "", 1).decision_id == "d_a3"
    assert reviews.find("d_b").decision_id == "d_b"
    assert reviews.find("d_%").decision_id == "d_%"
    with pytest.raises(
        DataError, match=r'several decisions begin with "d_a": d_a0, d_a1, d_a2, …\. Write more of the id'
    ):
        reviews.find("d_a")
    for unknown in ("d_c", "", "%"):
        with pytest.raises(DataError, match="nbatool review list shows what waits"):
            reviews.find(unknown)


def test_a_night_again_takes_the_place_of_what_it_left_waiting(reviews: Reviews) -> None:
    reviews.replace_night(NIGHT, [row("d_1"), row("d_2"), row("d_3")])
    reviews.put([row("d_0", as_of_us=NEXT)])
    reviews.approve("d_1", "ann", "", 1)
    reviews.replace_night(NIGHT, [row("d_2", worth=7), row("d_4")])
    assert [r.decision_id for r in reviews.pending()] == ["d_0", "d_2", "d_4"]
    assert reviews.find("d_2").net_value == 7
    assert reviews.find("d_1").state == APPROVED
    reviews.replace_night(NIGHT, [])
    assert [r.decision_id for r in reviews.all()] == ["d_0", "d_1"]


def test_a_word_is_about_one_action(reviews: Reviews) -> None:
    """Another action under the same name was looked at by nobody; unless it is too late for that."""
    reviews.put([row("d_1"), row("d_2"), row("d_3")])
    reviews.approve("d_1", "ann", "", 1)
    reviews.reject("d_2", "ann", "", 1)
    reviews.approve("d_3", "ann", "", 1)
    reviews.mark_out(["d_3"], NIGHT)
    reviews.replace_night(NIGHT, [row("d_1", worth=9), row("d_2", "mail"), row("d_3", "mail")])
    assert [(r.state, r.net_value) for r in reviews.all()] == [
        (APPROVED, 5.0),
        (PENDING, 5.0),
        (APPROVED, 5.0),
    ]
    assert reviews.find("d_2").who == ""
    assert reviews.find("d_3").action_id == "call"


def test_what_was_approved_goes_out_once_and_with_the_same_night_again(reviews: Reviews) -> None:
    reviews.put([row("d_1"), row("d_2")])
    reviews.approve("d_1", "ann", "", 1)
    assert [r.decision_id for r in reviews.approved_for(NEXT)] == ["d_1"]
    assert [reviews.mark_out(["d_1", "d_2"], NEXT), reviews.mark_out(["d_1"], NEXT + 1)] == [1, 0]
    assert [r.decision_id for r in reviews.approved_for(NEXT)] == ["d_1"]
    assert reviews.approved_for(NEXT + 1) == []


def test_what_is_old_is_forgotten_unless_it_is_still_to_go_out(reviews: Reviews) -> None:
    reviews.put([row(f"d_{k}") for k in range(4)])
    reviews.approve("d_1", "ann", "", 1)
    reviews.reject("d_2", "ann", "", 1)
    reviews.approve("d_3", "ann", "", 1)
    reviews.mark_out(["d_3"], NIGHT)
    assert [reviews.sweep(NIGHT), reviews.sweep(NIGHT + 1)] == [0, 3]
    assert [r.decision_id for r in reviews.all()] == ["d_1"]


ids = st.sampled_from([f"d_{k}" for k in range(4)])
actions = st.sampled_from(["call", "mail"])


class Queue(RuleBasedStateMachine):
    """The queue beside a dictionary that does what the words say."""

    @initialize()
    def open(self) -> None:
        self.store = OnlineStore(Path(":memory:"))
        self.known: dict[str, Review] = {}
        self.now_us = 0

    def teardown(self) -> None:
        self.store.close()

    @rule(found=st.dictionaries(ids, actions))
    def night(self, found: dict[str, str]) -> None:
        rows = [row(decision_id, action) for decision_id, action in found.items()]
        self.store.reviews.replace_night(NIGHT, rows)
        self.known = {k: r for k, r in self.known.items() if r.state != PENDING}
        for new in rows:
            old = self.known.get(new.decision_id)
            if old is None or (old.out_as_of_us is None and old.action_id != new.action_id):
                self.known[new.decision_id] = new

    @rule(decision_id=ids, state=st.sampled_from([APPROVED, REJECTED]), who=st.sampled_from(["ann", "bob"]))
    def say(self, decision_id: str, state: str, who: str) -> None:
        self.now_us += 1
        say = self.store.reviews.approve if state == APPROVED else self.store.reviews.reject
        old = self.known.get(decision_id)
        if old is None or old.state not in {PENDING, state}:
            with pytest.raises(DataError):
                say(decision_id, who, "", self.now_us)
        else:
            said = say(decision_id, who, "", self.now_us)
            if old.state == PENDING:
                self.known[decision_id] = replace(old, state=state, who=who, said_us=self.now_us)
            assert said == self.known[decision_id]

    @rule(as_of_us=st.sampled_from([NIGHT, NEXT]))
    def go_out(self, as_of_us: int) -> None:
        out = [r.decision_id for r in self.store.reviews.approved_for(as_of_us)]
        wanted = [
            k for k, r in self.known.items() if r.state == APPROVED and r.out_as_of_us in {None, as_of_us}
        ]
        assert sorted(out) == sorted(wanted)
        self.store.reviews.mark_out(out, as_of_us)
        for k in out:
            self.known[k] = replace(self.known[k], out_as_of_us=as_of_us)

    @invariant()
    def it_holds_what_was_said(self) -> None:
        if hasattr(self, "store"):
            assert {r.decision_id: r for r in self.store.reviews.all()} == self.known


Queue.TestCase.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)
TestQueue = Queue.TestCase

KILLED = """
import sys
from pathlib import Path
from nbatool.store.online import OnlineStore
store = OnlineStore(Path(sys.argv[1]))
k = 0
while True:
    store.reviews.approve(f"d_{k:05}", "ann", "", 1)
    print(k, flush=True)
    k += 1
"""


def test_a_word_that_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "online.db"
    store = OnlineStore(path)
    store.reviews.replace_night(NIGHT, [row(f"d_{k:05}") for k in range(20_000)])
    root = str(Path(__file__).parents[2])
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": root},
    )  # fmt: skip
    assert child.stdout is not None
    said = [child.stdout.readline() for _ in range(50)]
    child.send_signal(signal.SIGKILL)
    said += child.stdout.read().splitlines(keepends=True)
    child.wait()
    child.stdout.close()
    acknowledged = max(int(line) for line in said if line.endswith("\n"))
    approved = [r.decision_id for r in store.reviews.approved_for(NEXT)]
    store.close()
    assert approved[: acknowledged + 1] == [f"d_{k:05}" for k in range(acknowledged + 1)]
    assert len(approved) <= acknowledged + 2
