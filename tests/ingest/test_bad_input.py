"""Bad input gets a clear answer: where, what was found, what to do; and nothing is half written."""

from __future__ import annotations

import bz2
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_shop import EVENT, source

from nbatool.base.errors import ConfigError, DataError, UsageError

GOOD = "id,ts,type,x\na,2020-01-01,view,1\nb,2020-01-02,buy,2\n"


def refused(shop: Any, workspace: Any, error: type[Exception], *parts: str, **options: Any) -> str:
    """Load, expect an error that says all parts, and nothing in the warehouse."""
    with pytest.raises(error) as raised:
        shop.load(workspace, **options)
    for part in parts:
        assert part in str(raised.value), str(raised.value)
    if (shop.root / "data" / "warehouse.duckdb").exists():
        assert shop.rows("select (select count(*) from events) + (select count(*) from batches)") == [(0,)]
    return str(raised.value)


def rejected(shop: Any, workspace: Any) -> list[tuple[Any, ...]]:
    """Load with any number of rejects; the counts must add up."""
    report = shop.load(workspace, max_rejects="100%")
    totals = report.totals
    assert totals.rows == totals.accepted + totals.duplicate + totals.rejected
    return shop.rows("select line, reason, detail, raw from rejects order by line")


def test_missing_file_names_the_nearest(shop):
    shop.write("events.csv", GOOD)
    refused(
        shop, shop.events("event.csv"), DataError, "event.csv: no such file", 'did you mean "events.csv"?'
    )


def test_glob_without_match(shop):
    workspace = shop.events("*.csv")
    refused(shop, workspace, DataError, 'source "shop"', "no file matches", "--allow-empty")
    assert shop.load(workspace, allow_empty=True).totals.rows == 0


@pytest.mark.parametrize("content", [b"", b"\n\n", gzip.compress(b"", mtime=0), b"  \n"])
def test_empty_file(shop, content):
    shop.write("e.csv", content)
    refused(shop, shop.events("e.csv"), DataError, "e.csv is empty", "--allow-empty")
    assert shop.load(shop.events("e.csv"), allow_empty=True).totals.rows == 0


def test_header_only(shop):
    shop.write("e.csv", "id,ts,type\n")
    refused(shop, shop.events("e.csv"), DataError, "only a header")


def test_wrong_delimiter(shop):
    shop.write("e.csv", GOOD)
    workspace = shop.events("e.csv", keys='delimiter = ";"')
    refused(
        shop,
        workspace,
        DataError,
        '1 column found with delimiter ";"',
        "3 commas",
        'delimiter = ","',
        "nba.toml:4",
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "id,ts,type\né,2020-01-01,x\n".encode("latin-1"),
            ("line 2: byte 0xe9 is not UTF-8", 'encoding = "latin-1"'),
        ),
        (GOOD.encode("utf-16"), ("byte order mark of utf-16", 'encoding = "utf-16"')),
        (GOOD.encode("utf-16-le"), ("NUL in every other byte", 'encoding = "utf-16-le"')),
    ],
)
def test_wrong_encoding(shop, content, said):
    shop.write("e.csv", content)
    refused(shop, shop.events("e.csv"), DataError, "e.csv", *said)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-8-sig", "cp1252", "utf-16-le"])
def test_said_encoding(shop, encoding):
    shop.write("e.csv", "id,ts,type\né,2020-01-01,x\n".encode(encoding))
    shop.load(shop.events("e.csv", keys=f'encoding = "{encoding}"'))
    assert shop.rows("select source_id from events") == [("é",)]


def test_utf8_with_byte_order_mark(shop):
    shop.write("e.csv", GOOD.encode("utf-8-sig"))
    assert shop.load(shop.events("e.csv")).totals.accepted == 2


@pytest.mark.parametrize(
    "pack", [gzip.compress, bz2.compress, lambda data: pa.compress(data, "zstd", asbytes=True)]
)
def test_packed_file_cut_short(shop, pack):
    lines = "".join(f"c{i},2020-01-01,view{i * 7919 % 1000},1\n" for i in range(5000))
    whole = pack(("id,ts,type,x\n" + lines).encode())
    shop.write("e.csv.x", whole[: len(whole) * 2 // 3])
    refused(shop, shop.events("e.csv.x"), DataError, "e.csv.x", "cut short or damaged")


def test_json_list_cut_short(shop):
    shop.write("e.json", '[{"id":"a","ts":"2020-01-01","type":"x"},\n{"id":"b","ts":"20')
    refused(shop, shop.events("e.json"), DataError, "e.json", "cut short", "line 2", "1 whole elements")


@pytest.mark.parametrize(
    ("text", "said"),
    [('[{"id":1} {"id":2}]', "comma"), ('[{"id":1}] x', "after the end"), ('{\n"id": 1\n}', "several lines")],
)
def test_json_not_a_list_of_rows(shop, text, said):
    shop.write("e.json", text)
    refused(shop, shop.events("e.json"), DataError, "e.json", said)


def test_text_that_is_no_json(shop):
    shop.write("e.ndjson", GOOD)
    refused(shop, shop.events("e.ndjson"), DataError, "e.ndjson line 1 is not JSON", 'format = "csv"')


def test_damaged_parquet(shop):
    pq.write_table(pa.table({"id": ["a"], "ts": ["2020-01-01"], "type": ["x"]}), shop.root / "e.parquet")
    data = (shop.root / "e.parquet").read_bytes()
    shop.write("e.parquet", data[: len(data) // 2])
    refused(shop, shop.events("e.parquet"), DataError, "e.parquet", "not a whole Parquet file")


def test_duplicate_columns(shop):
    shop.write("e.csv", "id,ts,type,ts\na,2020-01-01,x,y\n")
    refused(shop, shop.events("e.csv"), DataError, 'column "ts" at places 2 and 4')


def test_thousand_columns(shop):
    names = ["id", "ts", "type", *(f"x{i}" for i in range(997))]
    shop.write("e.csv", ",".join(names) + "\na,2020-01-01,view," + ",".join(map(str, range(997))) + "\n")
    shop.load(shop.events("e.csv", attributes=["x*"]))
    attributes = json.loads(shop.rows("select attributes from events")[0][0])
    assert len(attributes) == 997
    assert attributes["x996"] == "996"


@pytest.mark.parametrize("name", ["e.csv", "e.ndjson"])
def test_line_of_20_mb(shop, name):
    long = "x" * 20_000_000
    csv = f"id,ts,type,x\na,2020-01-01,view,{long}\nb,2020-01-02,view,1\n"
    row = {"id": "a", "ts": "2020-01-01", "type": "view", "x": long}
    shop.write(
        name, csv if name == "e.csv" else json.dumps(row) + "\n" + json.dumps({**row, "id": "b"}) + "\n"
    )
    assert shop.load(shop.events(name)).totals.accepted == 2


def test_line_beyond_the_limit(shop):
    shop.write("e.ndjson", '{"id":"' + "x" * (70 << 20) + '"}')
    refused(shop, shop.events("e.ndjson"), DataError, "e.ndjson line 1 is longer than 64 MiB")


@pytest.mark.parametrize("levels", [501, 100_000])
def test_deep_nesting(shop, levels):
    deep = '{"a":' * levels + "1" + "}" * levels
    good = '{"id":"b","ts":"2020-01-01","type":"x"}'
    shop.write("e.ndjson", good + '\n{"id":"a","ts":"2020-01-01","type":"x","d":' + deep + "}\n")
    rows = rejected(shop, shop.events("e.ndjson"))
    assert [(line, reason) for line, reason, _, _ in rows] == [(2, "nested deeper than 500 levels")]


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity", "nan", '{"a": NaN}'])
def test_json_constants_are_no_json(shop, constant):
    good = '{"id":"a","ts":"2020-01-01","type":"x","v":1}\n'
    shop.write("e.ndjson", good + f'{{"id":"a","ts":"2020-01-01","type":"x","v":{constant}}}\n')
    rows = rejected(shop, shop.events("e.ndjson", value="v"))
    assert [row[1] for row in rows] == ["NaN and Infinity are not JSON"]


def test_text_that_says_nan_is_a_text(shop):
    shop.write("e.ndjson", '{"id":"NaN","ts":"2020-01-01","type":"x, Infinity"}\n')
    shop.load(shop.events("e.ndjson"))
    assert shop.rows("select source_id, type from events") == [("NaN", "x, Infinity")]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("abc", "value is not a number"),
        ("1e999", "value is too big"),
        ("NaN", "value is not a number"),
        ("inf", "value is not a number"),
        ("99999999999999999999", "value is too big"),
        ("1_000", "value is not a number"),
        ('"1,000"', "value is not a number"),
        ("0x10", "value is not a number"),
    ],
)
def test_numbers_that_are_none(shop, value, reason):
    shop.write("e.csv", f"id,ts,type,x\na,2020-01-01,view,{value}\n")
    assert rejected(shop, shop.events("e.csv", value="x"))[0][1:3] == (reason, value.strip('"'))


@pytest.mark.parametrize(
    ("text", "stored"),
    [("12.34565", "12.3457"), ("1e2", "100.0000"), ("", None), (" 7 ", "7.0000"), ("-0.5", "-0.5000")],
)
def test_numbers_come_from_their_text(shop, text, stored):
    shop.write("e.csv", f"id,ts,type,x\na,2020-01-01,view,{text}\n")
    shop.load(shop.events("e.csv", value="x"))
    assert shop.rows("select value::varchar from events") == [(stored,)]


def test_nul_in_an_id(shop):
    shop.write(
        "e.ndjson",
        '{"id":"a\\u0000b","ts":"2020-01-01","type":"x"}\n{"id":"a\x00","ts":"2020-01-01","type":"x"}\n',
    )
    rows = rejected(shop, shop.events("e.ndjson"))
    assert [(line, reason) for line, reason, _, _ in rows] == [
        (1, "customer_id holds a NUL character"),
        (2, "not JSON"),
    ]


def test_id_of_10_kb(shop):
    shop.write("e.csv", GOOD + "z" * 10_000 + ",2020-01-01,view,1\n")
    rows = rejected(shop, shop.events("e.csv"))
    assert rows[0][:2] == (4, "customer_id is longer than 1,024 bytes")
    assert rows[0][3].startswith("zzz")


def test_ambiguous_dates_are_never_guessed(shop):
    shop.write("e.csv", "id,ts,type\na,03/04/2020,x\n")
    refused(
        shop,
        shop.events("e.csv"),
        DataError,
        "e.csv line 2: ts is not an ISO date or time",
        "03/04/2020",
        "strptime",
    )
    workspace = shop.events("e.csv", ts="strptime(ts, '%d/%m/%Y')")
    shop.load(workspace)
    assert str(shop.rows("select ts from events")[0][0]) == "2020-04-03 00:00:00"


def test_number_as_a_time(shop):
    shop.write("e.csv", "id,ts,type\na,1577836800,x\n")
    refused(
        shop,
        shop.events("e.csv", ts="ts::bigint"),
        ConfigError,
        "[source.map] ts",
        "to_timestamp",
        "epoch_ms",
    )


def test_mixed_time_zones(shop):
    times = [
        "2020-07-01T12:00:00+02:00",
        "2020-07-01T12:00:00Z",
        "2020-07-01 12:00",
        "2020-07-01T12:00:00-0530",
    ]
    shop.write("e.csv", "id,ts,type\n" + "".join(f"{i},{text},x\n" for i, text in enumerate(times)))
    shop.load(shop.events("e.csv", keys='timezone = "Europe/Berlin"'))
    assert [str(row[0])[11:16] for row in shop.rows("select ts from events order by source_id")] == [
        "10:00", "12:00", "10:00", "17:30",
    ]  # fmt: skip


def test_ids_that_match_only_as_numbers(shop):
    shop.write("e.csv", "id,ts,type\n007,2020-01-01,x\n")
    shop.write("c.ndjson", '{"id": 7}\n')
    people = source("c.ndjson", name="people", kind="customers", customer_id="id")
    workspace = shop.configure(source("e.csv", **EVENT) + people)
    (warning,) = shop.load(workspace).warnings
    assert "'007' and '7'" in warning
    assert shop.rows("select source_id from events union all select source_id from customers") == [
        ("007",),
        ("7",),
    ]


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("(select 1)", "a query is not allowed"),
        ("read_text('/etc/passwd')", "the function read_text() is not allowed"),
        ("getenv('HOME')", "the function getenv() is not allowed"),
        ("now()", "the function now() is not allowed"),
        ("random()", "is not allowed"),
        ("x; drop table events", "must be one SQL expression"),
        ("x +", "is not a SQL expression"),
        ("max(x) over ()", "a window is not allowed"),
        ("x::integr", "the type"),
        ("?", "a parameter is not allowed"),
        ("count(*)", "aggregate"),
    ],
)
def test_expression_that_is_not_allowed(shop, expression, said):
    shop.write("e.csv", GOOD)
    refused(
        shop,
        shop.events("e.csv", channel=expression),
        ConfigError,
        "[source.map] channel",
        "nba.toml:13",
        said,
    )


def test_unknown_column_lists_columns(shop):
    shop.write("e.csv", GOOD)
    refused(
        shop, shop.events("e.csv", type="purchase"), ConfigError,
        'e.csv has no column "purchase" (it has id, ts, type, x)', "type = \"'purchase'\"",
    )  # fmt: skip
    refused(shop, shop.events("e.csv", type='"gold"'), ConfigError, "\"gold\" is a column and 'gold' a text")
    refused(shop, shop.events("e.csv", customer_id="idd"), ConfigError, 'did you mean "id"?')


def test_all_problems_of_a_map_at_once(shop):
    shop.write("e.csv", GOOD)
    text = refused(shop, shop.events("e.csv", type="nope", channel="now()", value="x::foo"), ConfigError)
    assert len(text.splitlines()) == 3


def test_null_trap_is_warned_about(shop):
    shop.write("e.csv", GOOD)
    report = shop.load(shop.events("e.csv", value="least(x::int, 100)"))
    assert "passes over NULL" in report.sources[0].warnings[0]


def test_changed_map(shop):
    shop.write("e.csv", GOOD)
    shop.load(shop.events("e.csv"))
    changed = shop.events("e.csv", value="x")
    with pytest.raises(ConfigError, match=re.escape("--full-refresh --source shop. Nothing was changed.")):
        shop.load(changed)
    assert shop.rows("select count(*), count(value) from events") == [(2, 0)]
    assert shop.load(changed, full_refresh=True, source="shop").totals.accepted == 2
    assert shop.rows("select count(*), count(value) from events") == [(2, 2)]


def test_too_many_rejects_load_nothing_and_are_kept(shop):
    shop.write("a.csv", GOOD)
    shop.write("b.csv", "id,ts,type,x\n" + "c,2020-01-01,view,1\n" * 9 + ",2020-01-01,view,1\n")
    workspace = shop.events("*.csv")
    refused(
        shop, workspace, DataError, '1 of 12 rows rejected (8.3 %, limit 1 %). Nothing was loaded. First: b.csv line 11: ',
        "customer_id is empty", "nbatool status --rejects", "--max-rejects 9%",
    )  # fmt: skip
    assert shop.rows("select file, line, reason, raw from rejects") == [
        ("b.csv", 11, "customer_id is empty", ",2020-01-01,view,1")
    ]
    assert shop.rows("select count(*) from batches") == [(0,)]
    assert shop.load(workspace, max_rejects="1").totals.accepted == 11
    assert shop.rows("select count(*) from rejects") == [(1,)]


def test_rejects_keep_line_and_text_across_quoted_line_breaks(shop):
    shop.write(
        "e.csv",
        'id,ts,type\n\na,2020-01-01,"two\nlines"\n\nb,bad,x\nc,2020-01-01\nd,2020-01-01,"a ""q""\nz"\n,,\n',
    )
    rows = rejected(shop, shop.events("e.csv"))
    assert rows == [
        (6, "ts is not an ISO date or time", "bad", "b,bad,x"),
        (7, "not 3 columns", "2 columns, expected 3", "c,2020-01-01"),
        (10, "customer_id is empty", None, ",,"),
    ]


def test_quote_never_closed(shop):
    shop.write("e.csv", 'id,ts,type\na,2020-01-01,"x\nb,2020-01-01,y\n')
    refused(shop, shop.events("e.csv"), DataError, "e.csv", "a quote", "never closed")


def test_expression_that_fails_on_a_row_rejects_the_row(shop):
    shop.write("e.csv", "id,ts,type,x\na,2020-01-01,view,1\nb,2020-01-01,view,y\n")
    rows = rejected(shop, shop.events("e.csv", value="x::int * 2"))
    assert [(line, reason) for line, reason, _, _ in rows] == [(3, "value cannot be read")]
    assert shop.rows("select value::int from events") == [(2,)]


def test_odd_times_are_flagged_and_loaded(shop):
    shop.write("e.csv", "id,ts,type\na,1969-12-31,x\nb,2999-01-01,x\nc,2020-01-01,x\n")
    (source,) = shop.load(shop.events("e.csv")).sources
    assert {(flag.reason, flag.rows) for flag in source.flagged} == {
        ("time before 1970", 1),
        ("time later than now", 1),
    }
    assert source.counts.accepted == 3


def test_unknown_source(shop):
    shop.write("e.csv", GOOD)
    with pytest.raises(UsageError, match='did you mean "shop"'):
        shop.load(shop.events("e.csv"), source="shopp")
    with pytest.raises(UsageError, match="max-rejects"):
        shop.load(shop.events("e.csv"), max_rejects="lots")


def test_file_names_with_glob_characters(shop):
    shop.write("a[1].csv", GOOD)
    assert shop.load(shop.events("a[1].csv")).totals.accepted == 2


def test_folder(shop):
    (shop.root / "in").mkdir()
    refused(shop, shop.events("in"), DataError, "is a folder")


def test_unwritable_temp_is_not_left_behind(shop):
    shop.write("e.csv", "id,ts,type\n,2020-01-01,x\n")
    refused(shop, shop.events("e.csv"), DataError)
    assert not [path for path in Path(shop.root, "data", "tmp").iterdir() if path.name.startswith("rejects")]


def test_a_zone_nobody_knows_is_rejected_with_its_line(shop):
    """Quiet hours are in the customer's own time: a zone that is none must not count as one."""
    shop.write("c.csv", "id,tz\nc1,Mars/Base\nc2,Europe/Berlin\n")
    people = source("c.csv", name="people", kind="customers", customer_id="id", timezone="tz")
    refused(shop, shop.configure(people), DataError, "c.csv line 2: timezone is not known ('Mars/Base')")
