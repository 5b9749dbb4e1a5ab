"""Consent of files: words for in and out, records twice, an opt-out beside an opt-in, rows that are none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from small_shop import Shop, source

from nbatool.base.errors import ConfigError
from nbatool.ingest.report import SourceReport

CONSENT = source(
    "c*.ndjson", name="crm", kind="consent",
    customer_id="id", channel="channel", ts="ts", state="state", purpose="purpose", address="address",
)  # fmt: skip
KEYS = ("id", "channel", "ts", "state", "purpose", "address")
SAID = {"id": "a", "channel": "email", "ts": "2020-01-01", "state": "in"}


def load(shop: Shop, *rows: dict[str, Any], file: str = "c.ndjson", **options: Any) -> SourceReport:
    lines = (json.dumps({**dict.fromkeys(KEYS), **SAID, **row}) + "\n" for row in rows)
    shop.write(file, "".join(lines))
    [report] = shop.load(shop.configure(CONSENT), max_rejects="100%", **options).sources
    counts = report.counts
    assert counts.rows == counts.accepted + counts.duplicate + counts.rejected
    return report


def stored(shop: Shop) -> list[tuple[Any, ...]]:
    return shop.rows("select source_id, channel, ts::varchar, state from consent order by all")


def test_what_is_stored(shop):
    load(shop, {"ts": "2020-01-01T10:00:00+02:00", "purpose": "news", "address": "a@b.c"})
    assert shop.rows("select * exclude (batch_id, ts), epoch(ts)::bigint from consent") == [
        ("crm", "a", "email", "in", "news", "a@b.c", 1577865600)
    ]


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("in", "in"), ("OPT_IN", "in"), ("opt-in", "in"), ("opted in", "in"), (True, "in"), ("yes", "in"), (1, "in"),
        (" Granted ", "in"), ("out", "out"), ("opt_out", "out"), (False, "out"), ("No", "out"), ("0", "out"),
        ("revoked", "out"),
    ],
)  # fmt: skip
def test_words(shop, said, state):
    load(shop, {"state": said})
    assert [row[-1] for row in stored(shop)] == [state]


def test_a_column_of_yes_and_no(shop):
    shop.write("c.csv", "id,channel,ts,state\na,sms,2020-01-01,false\nb,sms,2020-01-01,true\n")
    typed = source(
        "c.csv",
        name="crm",
        kind="consent",
        customer_id="id",
        channel="channel",
        ts="ts",
        state="state::boolean",
    )
    shop.load(shop.configure(typed))
    assert [row[-1] for row in stored(shop)] == ["out", "in"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"state": "maybe"}, "state is neither in nor out"),
        ({"state": ""}, "state is empty"),
        ({"state": None}, "state is empty"),
        ({"id": " "}, "customer_id is empty"),
        ({"channel": None}, "channel is empty"),
        ({"ts": None}, "ts is empty"),
        ({"ts": "soon"}, "ts is not an ISO date or time"),
    ],
)
def test_rows_that_are_none(shop, row, reason):
    counts = load(shop, {"id": "b"}, row).counts
    assert (counts.accepted, counts.rejected) == (1, 1)
    assert shop.rows("select line, reason from rejects") == [(2, reason)]


def test_twice_is_once(shop):
    rows = [{}, {}, {"ts": "2020-01-02"}, {"channel": "sms"}, {"purpose": "news"}]
    counts = load(shop, *rows).counts
    assert (counts.accepted, counts.duplicate) == (4, 1)
    again = load(shop, *rows, file="c2.ndjson").counts
    assert (again.accepted, again.duplicate) == (0, 10)
    assert len(stored(shop)) == 4


@pytest.mark.parametrize("order", [("in", "out"), ("out", "in")])
@pytest.mark.parametrize("files", [1, 2])
def test_of_two_of_one_time_the_opt_out_stands(shop, order, files):
    if files == 1:
        report = load(shop, *({"state": state} for state in order))
        assert "1 rows have the customer, channel and time of another row" in report.warnings[0]
    for k, state in enumerate(order if files == 2 else ()):
        load(shop, {"state": state}, file=f"c{k}.ndjson")
    assert [row[-1] for row in stored(shop)] == ["out"]


def test_a_full_refresh_takes_out_what_the_file_no_longer_says(shop):
    load(shop, {}, {"id": "b"})
    load(shop, {"id": "b"}, full_refresh=True)
    assert [row[0] for row in stored(shop)] == ["b"]


def test_a_look_before_loading(shop):
    preview = load(shop, {}, {"state": "?"}, dry_run=True).preview
    assert [(row["state"], row["rejected"]) for row in preview] == [
        ("in", None),
        (None, "state is neither in nor out"),
    ]


def test_what_a_map_needs(shop):
    text = source("c.ndjson", kind="consent", customer_id="id", ts="ts", value="x")
    with pytest.raises(ConfigError) as found:
        shop.configure(text)
    said = str(found.value)
    assert '"channel" is missing: consent need customer_id, channel, ts, state' in said
    assert 'consent have no column "value"' in said
