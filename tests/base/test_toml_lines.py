"""The line of every key, checked against tomllib's own view of which keys there are."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbatool.base.toml_lines import KeyPath, key_lines

DOCUMENT = '''\
top = 1  # a comment with [brackets] and "quotes
"quoted.key" = 'x'

[workspace]
zone = "UTC"
text = """
[not.a.table]
a = 1 \\""" still
"""
[[source]]
name = "a"
list = [
  { file = "x", on = ["p", "q"] },  # ]
  { file = "y" },
]
[source.map]
ts = "strptime(d, '%Y')"
attributes.age = "age"
attributes.sex = 'sex'
[[source]]
[source.lookup.c]
file = "z"
inline = { a = 1, b.c = 2 }
'''


def paths(value: Any, path: KeyPath = ()) -> set[KeyPath]:
    found = {path} if path else set()
    if isinstance(value, dict):
        for key, item in value.items():
            found |= paths(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found |= paths(item, (*path, index))
    return found


def test_every_key_has_its_line() -> None:
    lines = key_lines(DOCUMENT)
    assert set(lines) == paths(tomllib.loads(DOCUMENT))
    expected: dict[KeyPath, int] = {
        ("top",): 1,
        ("quoted.key",): 2,
        ("workspace", "text"): 6,
        ("source", 0): 10,
        ("source", 0, "list", 0, "on", 1): 13,
        ("source", 0, "list", 1, "file"): 14,
        ("source", 0, "map"): 16,
        ("source", 0, "map", "ts"): 17,
        ("source", 0, "map", "attributes"): 18,
        ("source", 0, "map", "attributes", "sex"): 19,
        ("source", 1): 20,
        ("source", 1, "lookup", "c", "file"): 22,
        ("source", 1, "lookup", "c", "inline", "b", "c"): 23,
    }
    assert {path: lines[path] for path in expected} == expected


@pytest.mark.parametrize(
    "text", ["", "\n\n", "# only\n#comments", "a=1", "a=1\r\nb=2\r\n", 'a = """x""""', "d = 2018-07-01"]
)
def test_small_documents(text: str) -> None:
    assert set(key_lines(text)) == paths(tomllib.loads(text))


VALUES = st.sampled_from(
    ["1", "-1.5e3", "true", "2018-07-01", '"a # b"', "'[x]'", '"\\""', '""', '"""a\n[b]\n"""', "'''\n'''", "[]", "[1, 2]",
     "[\n1, # c\n\n2,\n]", '{ x = "}", y = [{ z = 1 }] }', "{}"]
)  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(["[t]", "[[s]]", "[s.u]", ""]), VALUES, st.booleans()), max_size=8))
def test_any_document_has_the_keys_tomllib_reads(parts: list[tuple[str, str, bool]]) -> None:
    text = ""
    for number, (header, value, comment) in enumerate(parts):
        text += (
            (f"{header}\n" if header else "")
            + f"k{number} . 'a b' = {value}"
            + (" # = [" if comment else "")
            + "\n"
        )
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert set(key_lines(text)) == paths(read)
