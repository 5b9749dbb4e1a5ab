"""The log of decisions, read from contacts in waves and from contacts that trickle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pytest

from nbatool.models import decision_log
from nbatool.models.decision_log import LoggedDecisions, read_decisions

START = datetime(2020, 1, 1, tzinfo=UTC).replace(tzinfo=None)
DAY_US = 86_400_000_000
START_US = 1_577_836_800_000_000


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(
            "create table events (source_id varchar, ts timestamp, type varchar, action_id varchar, channel varchar)"
        )
        connection.execute("create table customers (source_id varchar, valid_from timestamp)")
        connection.execute("create table consent (source_id varchar, ts timestamp)")
        yield connection


def add(con: duckdb.DuckDBPyConnection, rows: list[tuple[str, timedelta, str]]) -> None:
    con.executemany(
        "insert into events values (?, ?, 'sent', ?, 'email')",
        [(who, START + at, what) for who, at, what in rows],
    )


def read(con: duckdb.DuckDBPyConnection, days: int = 1_000, seed: int = 0) -> LoggedDecisions:
    found = read_decisions(
        con, ["sent"], from_us=START_US, until_us=START_US + days * DAY_US, by_channel=True, seed=seed
    )
    assert found is not None
    return found


def test_waves_give_everybody_a_row_each_time(con: duckdb.DuckDBPyConnection) -> None:
    con.executemany("insert into customers values (?, null)", [(f"c{k:03d}",) for k in range(100)])
    con.execute("insert into customers values ('later', timestamp '2020-01-05')")
    add(
        con,
        [(f"c{k:03d}", timedelta(days=wave), "ab"[k % 2]) for wave in (1, 8) for k in range(wave, wave + 40)],
    )
    log = read(con)
    assert log.by_wave
    assert (len(log), log.contacts_in_log, int(log.is_nothing.sum())) == (201, 80, 121)
    assert np.unique(log.as_of_us).tolist() == [START_US + DAY_US, START_US + 8 * DAY_US]
    assert log.as_of_us[log.customer_id == "later"].tolist() == [START_US + 8 * DAY_US]
    mine = log.customer_id == "c005"
    assert list(zip(log.as_of_us[mine] // DAY_US - START_US // DAY_US, log.action_id[mine], strict=True)) == [
        (1, "b"),
        (8, "nothing"),
    ]


def test_trickling_contacts_are_read_by_day(con: duckdb.DuckDBPyConnection) -> None:
    random = np.random.default_rng(0)
    con.executemany("insert into customers values (?, null)", [(f"c{k:03d}",) for k in range(200)])
    sent = [
        (f"c{who:03d}", timedelta(days=day, seconds=float(random.uniform(0, 86_399))), "a")
        for day in range(30)
        for who in random.choice(200, 25, replace=False)
    ]
    add(con, sent)
    log = read(con)
    assert not log.by_wave
    assert log.contacts_in_log == 750
    assert (~log.is_nothing).sum() == 750
    assert log.is_nothing.sum() == 30 * 175
    instants = {START_US + round(at.total_seconds() * 1e6) for _, at, _ in sent}
    times = np.unique(log.as_of_us[log.is_nothing])
    assert len(times) == 30
    assert set(times.tolist()) <= instants
    contacted = set(
        zip(log.customer_id[~log.is_nothing], log.as_of_us[~log.is_nothing] // DAY_US, strict=True)
    )
    none = set(zip(log.customer_id[log.is_nothing], log.as_of_us[log.is_nothing] // DAY_US, strict=True))
    assert not contacted & none


def test_a_large_log_is_sampled_by_customer(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decision_log, "MOST_ROWS", 4_000)
    con.execute("insert into customers select 'c' || range, null from range(5000)")
    con.execute(
        "insert into events select 'c' || c.range, timestamp '2020-01-02' + to_days(w.range::int * 7), 'sent', 'a', 'email' "
        "from range(0, 5000, 2) c, range(4) w"
    )
    log = read(con)
    contacts = int((~log.is_nothing).sum())
    assert log.contacts_in_log == 10_000
    assert contacts == pytest.approx(2_000, rel=0.15)
    assert int(log.is_nothing.sum()) == pytest.approx(
        1_000, rel=0.2
    )  # half of the 20,000 known are contacted
    assert set(np.unique(log.customer_id, return_counts=True)[1].tolist()) == {4}
    again = read(con)
    assert (again.customer_id == log.customer_id).all()
    assert set(read(con, seed=1).customer_id) != set(log.customer_id)


def test_of_a_log_too_long_the_newest_contacts_are_read(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decision_log, "MOST_ROWS", 4_000)
    con.execute("insert into customers select 'c' || range, null from range(500)")
    con.execute(
        "insert into events select 'c' || c.range, timestamp '2020-01-02' + to_days(w.range::int * 7), 'sent', 'a', 'email' "
        "from range(0, 500, 2) c, range(40) w"
    )

    def newest(span_days: int) -> LoggedDecisions:
        found = read_decisions(
            con, ["sent"], from_us=START_US, until_us=START_US + 1_000 * DAY_US, by_channel=True, seed=0,
            least_span_us=span_days * DAY_US,
        )  # fmt: skip
        assert found is not None
        return found

    log = newest(30)
    eight_waves = START_US + (1 + 32 * 7) * DAY_US
    assert (log.newest_from_us, int(log.as_of_us.min()), log.contacts_in_log) == (
        eight_waves,
        eight_waves,
        10_000,
    )
    assert int((~log.is_nothing).sum()) == 2_000
    # so long a span holds more than is useful: half of the customers are drawn, and no wave is left out
    log = newest(16 * 7 - 1)
    assert len(np.unique(log.as_of_us[~log.is_nothing])) == 16
    assert int((~log.is_nothing).sum()) == pytest.approx(2_000, rel=0.2)


def test_no_contact_is_no_log(con: duckdb.DuckDBPyConnection) -> None:
    assert read_decisions(con, ["sent"], from_us=0, until_us=DAY_US, by_channel=True, seed=0) is None
