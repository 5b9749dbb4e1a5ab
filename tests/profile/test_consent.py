"""Consent at a moment: the newest word wins, out at one time, nothing later counts, night and live agree."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbatool.features.choice import as_timestamp
from nbatool.features.moments import Moments, load_moments
from nbatool.profile.consent import (
    EVERY_CHANNEL,
    IN,
    OUT,
    UNKNOWN,
    ConsentAt,
    after_events,
    consent_channels,
    make_consent,
    read_consent,
    state_of,
    with_opt_out,
)
from nbatool.store.sql import statement

AS_OF_US = 1_600_000_000_000_000
CHANNELS = ("email", "sms", "web")
STOPS = ("stop", "leave")

Word = tuple[str, int, str, str]
"""Channel, time, in or out, purpose."""
Happened = tuple[str, str | None, int]
"""Type, channel, time."""

times = st.integers(-5, 5).map(lambda k: AS_OF_US + k)
words = st.lists(
    st.tuples(
        st.sampled_from([*CHANNELS, EVERY_CHANNEL, "email+sms", "Email"]), times, st.sampled_from(["in", "out"]),
        st.sampled_from(["news", "service"]),
    ),
    max_size=6,
)  # fmt: skip
events = st.lists(
    st.tuples(
        st.sampled_from([*STOPS, "buy"]),
        st.sampled_from([None, "", "  ", "email", " sms ", "email+sms", "fax"]),
        times,
    ),
    max_size=6,
)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect()
    con.execute("set threads = 1")
    for table in ("events", "customers", "consent"):
        con.execute(statement(f"store/create_{table}"))
    yield con
    con.close()


def night(
    con: duckdb.DuckDBPyConnection, said: list[Word], done: list[Happened], moments: list[int]
) -> ConsentAt:
    """What is known at moments of a customer who said and did this, and of one who did nothing."""
    con.execute("delete from consent")
    con.execute("delete from events")
    for channel, ts_us, state, purpose in said:
        con.execute(
            "insert into consent values ('crm', 'c', $1, $2, $3, $4, null, 'b')",
            [channel, as_timestamp(ts_us), state, purpose],
        )
    for k, (kind, channel, ts_us) in enumerate(done):
        con.execute(
            "insert into events values ('s', $1, 'c', $2, $3, null, null, $4, null, null, 'b')",
            [str(k), as_timestamp(ts_us), kind, channel],
        )
    who = ["c"] * len(moments) + ["stranger"]
    load_moments(con, Moments(who, np.array([*moments, AS_OF_US])), "UTC")
    make_consent(con, STOPS)
    return read_consent(con, 0, len(who))


def by_hand(said: list[Word], done: list[Happened], channel: str, as_of_us: int) -> int:
    heard = [
        (ts, state == "out") for of, ts, state, _ in said if of == EVERY_CHANNEL or channel in of.split("+")
    ]
    for kind, of, ts in done:
        name = (of or "").strip()
        if kind in STOPS and (not name or channel in name.split("+")):
            heard.append((ts, True))
    before = [word for word in heard if word[0] < as_of_us]
    if not before:
        return UNKNOWN
    newest = max(ts for ts, _ in before)
    return OUT if any(out for ts, out in before if ts == newest) else IN


@given(words, events)
def test_the_newest_word_before_the_moment(
    con: duckdb.DuckDBPyConnection, said: list[Word], done: list[Happened]
) -> None:
    moments = [AS_OF_US - 3, AS_OF_US, AS_OF_US + 9]
    found = night(con, said, done, moments).states(CHANNELS)
    assert found.dtype == np.int8
    assert found[:3].tolist() == [[by_hand(said, done, c, t) for c in CHANNELS] for t in moments]
    assert found[3].tolist() == [UNKNOWN] * 3


@given(words, events, words, events)
def test_nothing_later_counts(
    con: duckdb.DuckDBPyConnection,
    said: list[Word],
    done: list[Happened],
    more: list[Word],
    also: list[Happened],
) -> None:
    """Law 1: what is said or happens at the moment or after it, or is taken away there, changes nothing."""
    early_words = [word for word in said if word[1] < AS_OF_US]
    early_events = [event for event in done if event[2] < AS_OF_US]
    later_words = [word for word in more if word[1] >= AS_OF_US]
    later_events = [event for event in also if event[2] >= AS_OF_US]
    alone = night(con, early_words, early_events, [AS_OF_US])
    with_more = night(con, [*later_words, *early_words], [*later_events, *early_events], [AS_OF_US])
    assert alone.marks() == with_more.marks()
    assert alone.states(CHANNELS).tobytes() == with_more.states(CHANNELS).tobytes()


@given(words, events, st.integers(-5, 5), st.randoms(use_true_random=False))
def test_the_night_is_the_state_and_what_came_since(
    con: duckdb.DuckDBPyConnection,
    said: list[Word],
    done: list[Happened],
    cut: int,
    order: object,
) -> None:
    """Law 2: a state of any cut, and the events since, some of them again, give what the night knows."""
    cut_us = AS_OF_US + min(cut, 0)
    said = [word for word in said if word[1] < cut_us]
    state = night(con, said, [e for e in done if e[2] < cut_us], [cut_us]).marks()[0]
    fresh = [e for e in done if e[2] >= cut_us] + done[:2]
    order.shuffle(fresh)  # type: ignore[attr-defined]
    live = after_events(state, fresh, frozenset(STOPS), AS_OF_US)
    whole = night(con, said, [e for e in done if e[2] < cut_us or e in fresh], [AS_OF_US])
    assert [state_of(live, channel) for channel in CHANNELS] == whole.states(CHANNELS)[0].tolist()
    assert dict(live) == whole.marks()[0]


def test_a_channel_asked_twice_and_none() -> None:
    one = ConsentAt(1, np.zeros(1, np.int64), np.zeros(1, np.int64), np.array([2 * 5]), ["email"])
    assert one.states(["email", "email", "*"]).tolist() == [[IN, IN, UNKNOWN]]
    assert one.states([]).shape == (1, 0)


def test_before_1970() -> None:
    marks = with_opt_out({}, "email", -7)
    assert state_of(marks, "email") == OUT
    assert state_of({"email": 2 * -7}, "email") == IN


def test_which_channels_are_spoken_of(con: duckdb.DuckDBPyConnection) -> None:
    night(con, [("Email", 1, "in", "x"), ("Email", 2, "in", "x"), ("*", 3, "out", "x")], [], [])
    assert consent_channels(con) == {"Email": 2}


@pytest.mark.slow
def test_a_million_customers(capsys: pytest.CaptureFixture[str]) -> None:
    import time

    con = duckdb.connect()
    con.execute("set threads = 2")
    for table in ("events", "customers", "consent"):
        con.execute(statement(f"store/create_{table}"))
    n = 1_000_000
    con.execute(
        "insert into consent select 's', 'c' || (i % $n), ['email', 'sms', 'push'][1 + i % 3], make_timestamp(i), "
        "if(i % 7 = 0, 'out', 'in'), null, null, 'b' from range(2 * $n) as r(i)", {"n": n},
    ).fetchall()  # fmt: skip
    load_moments(con, Moments([f"c{k}" for k in range(n)], np.full(n, AS_OF_US)), "UTC")
    begun = time.perf_counter()
    make_consent(con, STOPS)
    made_s = time.perf_counter() - begun
    begun = time.perf_counter()
    states = read_consent(con, 0, n).states(("email", "sms", "push"))
    read_s = time.perf_counter() - begun
    with capsys.disabled():
        print(f"\n1M customers, 2M records: made in {made_s:.2f} s, read in {read_s:.2f} s")
    assert (states != UNKNOWN).sum() == 2 * n
    con.close()
