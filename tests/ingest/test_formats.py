"""The same rows give the same tables, whatever format and packing they come in."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
from datetime import UTC, date
from datetime import datetime as aware

import pyarrow as pa
import pyarrow.parquet as pq
import pytest


def datetime(*parts: int) -> aware:
    """Return what DuckDB gives for a TIMESTAMP: UTC without saying so."""
    return aware(*parts, tzinfo=UTC).replace(tzinfo=None)


ROWS = [
    {
        "id": f"{k:03d}", "ts": f"2020-01-{k + 1:02d}T10:00:00+01:00", "type": ["view", 'say "hi", you'][k % 2],
        "x": f"{k}.25", "key": f"e{k}", "note": "two\nlines" if k == 3 else "",
    }
    for k in range(20)
]  # fmt: skip
PACKINGS = {
    "": lambda data: data,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".zst": lambda data: pa.compress(data, "zstd", asbytes=True),
}


def csv_text(delimiter: str) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, ROWS[0], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(ROWS)
    return out.getvalue().encode()


def parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), sink)
    return sink.getvalue()


FORMATS = {
    "e.csv": csv_text(","),
    "e.tsv": csv_text("\t"),
    "e.ndjson": "".join(json.dumps(row) + "\n\n" for row in ROWS).encode(),
    "e.json": json.dumps(ROWS, indent=1).encode(),
    "e.parquet": parquet(),
}
EXPECTED = [
    (row["key"], row["id"], datetime(2020, 1, k + 1, 9), row["type"], f"{k}.2500",
     json.dumps({"note": row["note"] or None, "row": k + 1}, separators=(",", ":")))
    for k, row in enumerate(ROWS)
]  # fmt: skip


def configured(shop, name, keys=""):
    attributes = {"attributes.note": "note", "attributes.row": "_row"}
    return shop.events(name, keys=keys, value="x", event_id="key", **attributes)


@pytest.mark.parametrize(
    ("name", "packing"),
    [(name, packing) for name in FORMATS for packing in PACKINGS if not packing or name != "e.parquet"],
)
def test_every_format_and_packing(shop, name, packing):
    shop.write(name + packing, PACKINGS[packing](FORMATS[name]))
    counts = shop.load(configured(shop, name + packing)).totals
    assert (counts.rows, counts.accepted, counts.lines) == (20, 20, 20)
    found = shop.rows(
        "select event_id, source_id, ts, type, value::varchar, attributes from events order by source_id"
    )
    assert found == EXPECTED


def test_standard_input(shop):
    workspace = configured(shop, "nothing.csv")
    report = shop.load(
        workspace, files=["-"], source="shop", stdin=io.BytesIO(gzip.compress(FORMATS["e.csv"]))
    )
    assert report.totals.accepted == 20
    assert shop.rows("select file from batches") == [("-",)]


def test_whitespace_and_no_header(shop):
    shop.write("e.txt", b"  7   20200101  3 12.50 \r\n   \r\n\t8\t20200102 1  0\r\n")
    workspace = shop.events(
        "e.txt", keys='delimiter = "whitespace"\nheader = false\ncolumns = ["id", "day", "n", "x"]',
        ts="strptime(day, '%Y%m%d')", type="'buy'", value="x",
    )  # fmt: skip
    shop.load(workspace)
    assert shop.rows("select source_id, ts, value::varchar from events order by 1") == [
        ("7", datetime(2020, 1, 1), "12.5000"),
        ("8", datetime(2020, 1, 2), "0.0000"),
    ]


def test_parquet_keeps_types(shop):
    table = pa.table({
        "id": pa.array([7, 8]), "day": pa.array([date(2020, 1, 1), date(2020, 7, 1)]),
        "x": pa.array([0.1, float("nan")]), "tags": pa.array([["a"], []]), "kind": pa.array(["b", "b"]).dictionary_encode(),
        "on": pa.array([True, None]),
    })  # fmt: skip
    pq.write_table(table, shop.root / "e.parquet")
    kept = ["x", "tags", "on", "day"]
    workspace = shop.events(
        "e.parquet", keys='timezone = "America/New_York"', ts="day", type="kind", attributes=kept
    )
    shop.load(workspace)
    rows = shop.rows("select source_id, ts, type, attributes from events order by 1")
    assert rows[0][:3] == ("7", datetime(2020, 1, 1, 5), "b")
    assert rows[1][1] == datetime(2020, 7, 1, 4)
    assert json.loads(rows[0][3]) == {"day": "2020-01-01T05:00:00Z", "on": True, "tags": ["a"], "x": 0.1}
    assert json.loads(rows[1][3]) == {"day": "2020-07-01T04:00:00Z", "on": None, "tags": [], "x": None}
    kinds = dict(shop.rows("select name, type from attributes_seen"))
    assert kinds == {"day": "time", "on": "boolean", "tags": "json", "x": "number"}


def test_local_times_follow_zoneinfo(shop):
    from nbatool.base.clock import parse_time

    texts = [
        "2020-03-29T02:30:00",
        "2020-10-25T02:30:00",
        "2020-10-25T03:00:00",
        "1985-07-01",
        "2090-07-01T00:00:00",
    ]
    texts += ["2020-03-29 01:59:59.5", "2020-03-29T03:00"]
    shop.write("e.csv", "id,ts,type\n" + "".join(f"{k},{text},x\n" for k, text in enumerate(texts)))
    shop.load(shop.events("e.csv", keys='timezone = "Europe/Berlin"'))
    found = [us for (us,) in shop.rows("select epoch_us(ts) from events order by source_id")]
    assert found == [parse_time(text, "Europe/Berlin") for text in texts]


def test_groups(shop):
    shop.write(
        "e.csv",
        "basket,who,ts,x\n1,a,2020-01-02,1.10\n2,b,2020-01-03,5\n1,a,2020-01-01,2.20\n2,b,2020-01-03,z\n3,c\n",
    )
    mapped = {
        "event_id": "basket", "customer_id": "who", "ts": "min(ts)", "type": "'buy'", "value": "sum(x)",
        "attributes.n": "count(*)", "attributes.days": "count(distinct ts)",
    }  # fmt: skip
    workspace = shop.events("e.csv", keys='group_by = ["basket", "who"]', **mapped)
    counts = shop.load(workspace, max_rejects="90%").totals
    assert (counts.rows, counts.lines, counts.accepted, counts.rejected) == (3, 5, 1, 2)
    assert shop.rows("select event_id, ts::varchar, value::varchar, attributes from events") == [
        ("1", "2020-01-01 00:00:00", "3.3000", '{"days":2,"n":2}')
    ]
    reasons = shop.rows("select line, reason from rejects order by line")
    assert reasons == [(3, "a value to aggregate cannot be read"), (6, "not 4 columns")]


LOOKUP = """
    [[source]]
    name = "shop"
    kind = "events"
    files = ["e.csv"]
    [source.lookup.c]
    file = "c.csv"
    on = "campaign"
    [source.map]
    customer_id = "id"
    ts = "c.start"
    type = "c.kind"
    """


def test_lookup(shop):
    shop.write("e.csv", "id,campaign\na,1\nb,2\nc,9\n")
    shop.write("c.csv", "campaign,start,kind\n1,2020-01-01,mail\n2,2020-02-01,post\n")
    (source,) = shop.load(shop.configure(LOOKUP), max_rejects="1").sources
    assert source.unmatched == {"c": 1}
    assert shop.rows("select source_id, ts::date::varchar, type from events order by 1") == [
        ("a", "2020-01-01", "mail"),
        ("b", "2020-02-01", "post"),
    ]


def test_lookup_with_a_key_twice(shop):
    from nbatool.base.errors import DataError

    shop.write("e.csv", "id,campaign\na,1\n")
    shop.write("c.csv", "campaign,start,kind\n1,2020-01-01,mail\n1,2020-02-01,post\n")
    with pytest.raises(DataError, match=r"c.csv: campaign = '1' stands in 2 rows"):
        shop.load(shop.configure(LOOKUP))


@pytest.mark.parametrize("preset", ["segment", "rudderstack"])
def test_segment(shop, preset):
    events = [
        {"type": "track", "event": "Order Completed", "messageId": "m1", "userId": "u1", "timestamp": "2020-01-01T00:00:00Z",
         "properties": {"revenue": 12.5, "sku": "x"}},
        {"type": "page", "name": "Home", "messageId": "m2", "anonymousId": "a1", "timestamp": "2020-01-01T00:00:01.5Z",
         "properties": {"path": "/"}, "context": {"campaign": {"name": "spring"}}},
        {"type": "identify", "messageId": "m3", "userId": "u1", "traits": {"plan": "pro"}, "timestamp": "2020-01-02T00:00:00Z"},
    ]  # fmt: skip
    shop.write("e.ndjson", "".join(json.dumps(event) + "\n" for event in events))
    workspace = shop.configure(
        f'[[source]]\nname = "web"\nkind = "events"\nfiles = ["e.ndjson"]\npreset = "{preset}"\n'
    )
    shop.load(workspace)
    assert shop.rows("select event_id, source_id, type, value::varchar from events order by 1") == [
        ("m1", "u1", "Order Completed", "12.5000"),
        ("m2", "a1", "page", None),
        ("m3", "u1", "identify", None),
    ]
    (page,) = shop.rows("select attributes from events where event_id = 'm2'")[0]
    assert json.loads(page)["page"] == "/"
    assert json.loads(page)["campaign"] == "spring"
    (identify,) = shop.rows("select attributes from events where event_id = 'm3'")[0]
    assert json.loads(identify)["traits"] == {"plan": "pro"}


def test_dry_run_shows_five_rows_and_stores_nothing(shop):
    shop.write("e.csv", FORMATS["e.csv"])
    report = shop.load(configured(shop, "e.csv"), dry_run=True)
    preview = report.sources[0].preview
    assert [row["event_id"] for row in preview] == [f"e{k}" for k in range(5)]
    assert preview[0]["ts"] == "2020-01-01T09:00:00Z"
    assert not (shop.root / "data" / "warehouse.duckdb").exists()


def test_progress_reaches_the_end(shop):
    told = []
    shop.write("e.csv", FORMATS["e.csv"])
    shop.load(
        configured(shop, "e.csv"), on_progress=lambda done, total, rows: told.append((done, total, rows))
    )
    size = len(FORMATS["e.csv"])
    assert told[-1] == (size, size, 20)
    assert told == sorted(told)
