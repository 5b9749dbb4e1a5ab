"""Expressions: what they may say, and that they mean the same to us as to DuckDB."""

from __future__ import annotations

import duckdb
import pytest

from nbatool.ingest.row_sql import ExpressionError, RowColumns, bound

COLUMNS = RowColumns("f.ndjson", ["a", "b", "A b", "j"], {"c": ["start"]})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("j->>'k'", "1"),
        ("j->>'a.b'", "dotted"),
        ("j->>'$.n.m'", "deep"),
        ("coalesce(j->'n'->>'m', 'x')", "deep"),
        ("coalesce(null, j->>'list', 'x')", "[1,2]"),
        ("j->'list'->>1", "2"),
        ("json_extract_string(j, 'a.b')", "dotted"),
        ("upper(a) || '/' || b", "X/7"),
        ("case a when 'x' then 'yes' else 'no' end", "yes"),
        ("b::int + 1", 8),
        ("b::int // 2", 3),
        ("7 / 2", 3.5),
        ('"A b"', "z"),
        ("split(\"A b\" || ',q', ',')[2]", "q"),
        ("regexp_extract('ab12', '([0-9]+)', 1)", "12"),
        ("strptime('03/04/2020', '%d/%m/%Y')::date::varchar", "2020-04-03"),
        ("strftime(timestamp '2020-01-31' + interval 1 day, '%d.%m.')", "01.02."),
        ("date_diff('day', date '2020-01-01', date '2020-03-01')", 60),
        ("nullif(a, 'x')", None),
        ("a in ('x', 'y') and b not in ('1')", True),
        ("if(a = 'x', 1, 2)", 1),
        ("round(2.567, 1)::varchar", "2.6"),
        ("_file", "f.ndjson"),
        ("c.start", "s"),
        ("md5('a')", "0cc175b9c0f1b6a831c399e269772661"),
    ],
)
def test_value_of_an_expression(text, value):
    tree = bound(text, COLUMNS).tree
    row = """
        (select 'x' as c0, '7' as c1, 'z' as c2, '{"k":1,"a.b":"dotted","n":{"m":"deep"},"list":[1,2]}' as c3) as r,
        (select 's' as c0) as lookup_c
    """
    assert duckdb.sql(f"select {tree.sql(dialect='duckdb')} from {row}").fetchall() == [(value,)]


@pytest.mark.parametrize(
    "text",
    [
        "query('select 1')", "current_setting('x')", "nextval('s')", "uuid()", "current_date", "current_timestamp",
        "today()", "pragma_version()", "columns('a')", "*", "a.*", "a, b", "select a", "(values (1))", "$1", "$x", "?",
        "exists (select 1)", "a in (select 1)", "row_number() over ()", "unnest(j)", "list_transform(j, lambda x: x)",
        "try(a)", "sum(a) over ()", "install x", "copy a to 'x'", "a; b", "", "''; select 1", "a -- x\n; drop table t",
        "cast(a as nonsense)", "read_csv('x')", "glob('*')", "getvariable('x')", "(" * 5000 + "a" + ")" * 5000,
    ],
)  # fmt: skip
def test_what_is_not_allowed(text):
    with pytest.raises(ExpressionError):
        bound(text, COLUMNS)


def test_names_of_a_file_never_become_identifiers():
    hostile = RowColumns("f.csv", ['x"; drop table events; --'], {})
    tree = bound('"x""; drop table events; --"', hostile).tree
    assert tree.sql(dialect="duckdb") == '"r"."c0"'


def test_columns_differing_in_case():
    columns = RowColumns("f.csv", ["ID", "id"], {})
    assert [bound(name, columns).tree.name for name in ("ID", "id")] == ["c0", "c1"]
    with pytest.raises(ExpressionError, match="no column"):
        bound("Id", columns)
    assert bound("Id", RowColumns("f.csv", ["ID"], {})).tree.name == "c0"
