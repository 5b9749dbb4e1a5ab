"""Whatever stands in nba.toml, it loads or every problem has a line; nothing else is raised."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbatool.base.config import Config, load_config
from nbatool.base.errors import ConfigError, Problem

TEXTS = st.sampled_from(
    ["", "x", "30d", "0d", "UTC", "email", "events", "count", "now", "2018-01-01", "a b", "*", "${NO_SUCH}"]
)
SCALARS = st.one_of(
    TEXTS, st.integers(-3, 10**12), st.booleans(), st.floats(), st.dates(date(2018, 1, 1), date(2019, 1, 1))
)
KEYS = st.sampled_from(
    [
        "name", "id", "kind", "files", "map", "lookup", "file", "on", "customer_id", "ts", "type", "attributes",
        "context", "outcome", "event", "within", "measure", "weight", "happens", "channels", "cost", "starts", "ends",
        "horizon", "grain", "defaults", "columns", "header", "delimiter", "preset", "role", "where", "k", "purchase",
        "currency", "timezone", "as_of", "fresh_within", "unknown", "age", "c", "long_within", "target", "encoding",
    ]
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
TABLES = st.dictionaries(KEYS, VALUES, max_size=7)
HEADERS = st.sampled_from(
    ["[workspace]", "[roles]", "[clv]", "[catalogue]", "[[source]]", "[[objective]]", "[[target]]", "[[feature]]",
     "[[action]]", "[guardrails]", "[nonsense]"]
)  # fmt: skip


def toml(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value)
        case date():
            return value.isoformat()
        case float():
            return {"inf": "inf", "-inf": "-inf", "nan": "nan"}.get(str(value), repr(value))
        case Mapping():
            return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + " }"
        case list():
            return "[" + ", ".join(map(toml, value)) + "]"
        case _:
            return str(value)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("config")


@given(st.lists(st.tuples(HEADERS, TABLES), max_size=5))
def test_it_loads_or_says_what_is_wrong_and_where(
    folder: Path, tables: list[tuple[str, dict[str, object]]]
) -> None:
    text = ""
    for header, table in tables:
        text += header + "\n" + "".join(f"{key} = {toml(value)}\n" for key, value in table.items())
    path = folder / "nba.toml"
    path.write_text(text, encoding="utf-8")
    problems: Sequence[Problem] = ()
    try:
        assert isinstance(load_config(path), Config)
    except ConfigError as error:
        problems = error.problems
    for problem in problems:
        assert problem.file is not None
        assert problem.line is not None
        assert 1 <= problem.line <= text.count("\n") + 1
        assert "\n" not in problem.message
