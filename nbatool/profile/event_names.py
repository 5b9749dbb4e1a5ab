"""Event types that nba.toml names and nobody has loaded: a slip of the pen, or events still to come."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbatool.base.errors import Problem, did_you_mean
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

    from nbatool.base.config import Config

CLOSE = 0.85
"""Likeness (difflib's ratio) from which a name is taken for a slip of the pen; "view" and "viewed" are below it."""

MOST_LISTED = 12


@dataclass(frozen=True)
class NamedType:
    """An event type and the place in nba.toml that names it, for a message and for its line."""

    name: str
    where: str
    keys: tuple[str, ...]


def loaded_types(con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Return every event type of the warehouse, whenever its events were."""
    return tuple(row[0] for row in con.execute(statement("profile/loaded_types")).fetchall())


def unheard_of(config: Config, loaded: Collection[str]) -> list[str]:
    """Say of each event type that is named and not loaded where it is named, with the nearest that is."""
    return [_sentence(named, loaded) for named in _named_types(config) if named.name not in loaded]


def misspelt(config: Config, loaded: Sequence[str]) -> list[Problem]:
    """Return a problem, at its line, for each type that is not loaded and very like one that is."""
    listed = ", ".join(loaded[:MOST_LISTED])
    more = f" and {len(loaded) - MOST_LISTED} more" if len(loaded) > MOST_LISTED else ""
    return [
        config.problem(
            f"{_sentence(named, loaded)} Loaded are: {listed}{more}. Mend the name, or take it out until such "
            "events are loaded",
            *named.keys,
        )
        for named in _named_types(config)
        if named.name not in loaded and any(is_slip(named.name, name) for name in loaded)
    ]


def is_slip(name: str, meant: str) -> bool:
    """Whether a name looks like another one mistyped.

    Other digits or another first letter make another name: "subscribe" and "unsubscribe" are two things.

    >>> [is_slip("purchse", "purchase"), is_slip("unsubscribe", "subscribe"), is_slip("step_1", "step_2")]
    [True, False, False]
    """
    one, other = name.casefold(), meant.casefold()
    if one[:1] != other[:1] or re.findall(r"\d+", one) != re.findall(r"\d+", other):
        return False
    return difflib.SequenceMatcher(None, one, other).ratio() >= CLOSE


def _named_types(config: Config) -> Iterator[NamedType]:
    for role, names in config.roles.items():
        yield from (NamedType(name, f"[roles] {role}", ("roles", role)) for name in names)
    for objective in config.objectives:
        if objective.event is not None:
            where = f'[[objective]] "{objective.name}"'
            yield NamedType(objective.event, where, ("objective", objective.name, "event"))
    for target in config.targets:
        yield NamedType(target.event, f'[[target]] "{target.name}"', ("target", target.name, "event"))
    for feature in config.features:
        where = f'[[feature]] "{feature.name}"'
        yield from (NamedType(name, where, ("feature", feature.name, "type")) for name in feature.type)


def _sentence(named: NamedType, loaded: Collection[str]) -> str:
    return f'{named.where}: no event of type "{named.name}" is loaded{did_you_mean(named.name, loaded)}'
