"""The only place that reads the statements under ``sql/``, and the only way parts are put into them.

A file holds one statement with ``$name`` parameters for values. Where a statement's shape depends on the
configuration it holds ``{{ name }}`` marks. What came from a configuration file enters as a syntax tree, so nothing
of it reaches DuckDB that was not parsed, checked and written out again by sqlglot.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import nbatool

if TYPE_CHECKING:
    from sqlglot import exp

    Fragment = exp.Expr | Sequence[exp.Expr]

_MARK = re.compile(r"\{\{ (\w+) \}\}")


@cache
def sql_folder() -> Path:
    """Return where the SQL files are: inside an installed package, or beside the package in a checkout."""
    package = Path(nbatool.__file__).parent
    inside = package / "sql"
    return inside if inside.is_dir() else package.parent / "sql"


@cache
def statement(name: str) -> str:
    """Return the statement of ``sql/<name>.sql``.

    >>> statement("store/create_events").splitlines()[0]
    '-- makes: events'
    """
    return (sql_folder() / f"{name}.sql").read_text(encoding="utf-8")


def json_key(name: str) -> str:
    """Return what ``->>`` takes for one key of an object, whatever the key: ``$os`` alone it would read as a path.

    >>> json_key("os"), json_key("$os"), json_key("/a~b")
    ('os', '/$os', '/~1a~0b')
    """
    return "/" + name.replace("~", "~0").replace("/", "~1") if name.startswith(("$", "/")) else name


def template(name: str, /, **parts: str) -> str:
    """Return the statement of ``sql/<name>.sql`` with its ``{{ name }}`` marks replaced by SQL text.

    The text must come from fixed parts of the code, never from input; for input there is :func:`render`.
    """
    lines = statement(name).splitlines()
    text = "\n".join(line for line in lines if not line.startswith("--"))
    differing = set(parts) ^ set(_MARK.findall(text))
    if differing:
        raise KeyError(f"sql/{name}.sql: its marks and the parts given differ in {sorted(differing)}")
    return _MARK.sub(lambda mark: parts[mark[1]], text)


def render(name: str, /, **fragments: Fragment) -> str:
    """Return the statement of ``sql/<name>.sql`` with its ``{{ name }}`` marks filled.

    Parameters
    ----------
    name
        The file below ``sql/``, without its ending.
    fragments
        A syntax tree for each mark, or a sequence of trees, which are joined by commas.
    """
    parts = {}
    for mark, fragment in fragments.items():
        trees = list(fragment) if isinstance(fragment, Sequence) else [fragment]
        parts[mark] = ",\n    ".join(tree.sql(dialect="duckdb") for tree in trees)
    return template(name, **parts)
