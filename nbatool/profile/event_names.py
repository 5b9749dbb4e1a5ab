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

_PREFIX = re.compile(r"(?:(?<![^\W\d_])|(?<=[a-z])(?=[A-Z]))(?i:un|re|dis|de|non)[-_ ]?")
"""What turns the word it begins round or repeats it, in email_unsubscribed and in emailUnsubscribed."""


@dataclass(frozen=True)
class NamedType:
    """An event type and the place in nba.toml that names it, for a message and for its line."""

    name: str
    where: str
    keys: tuple[str, ...]


def loaded_types(con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Return every event type of the warehouse, whenever its events were."""
    return tuple(row[0] for row in con.execute(statement("profile/loaded_types")).fetchall())


def named_types(config: Config) -> Iterator[NamedType]:
    """Yield every event type that nba.toml names, once for each place: roles, objectives, targets, own features."""
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


def unheard_of(config: Config, loaded: Collection[str]) -> list[str]:
    """Say of each event type that is named and not loaded where it is named, with the nearest that is."""
    return [_sentence(named, loaded) for named in named_types(config) if named.name not in loaded]


def misspelt(config: Config, loaded: Sequence[str]) -> list[Problem]:
    """Return a problem, at its line, for each type that can only be a loaded one mistyped.

    A type that is merely not loaded may be still to come, and training goes on with a warning. It is a mistake where
    the place that names it finds no event at all and a very like type is loaded that nobody names.
    """
    named = list(named_types(config))
    served = {each.keys for each in named if each.name in loaded}
    unnamed = [name for name in loaded if name not in {each.name for each in named}]
    listed = ", ".join(loaded[:MOST_LISTED])
    more = f" and {len(loaded) - MOST_LISTED} more" if len(loaded) > MOST_LISTED else ""
    return [
        config.problem(
            f"{_sentence(each, loaded)} Loaded are: {listed}{more}. Mend the name, or take it out until such "
            "events are loaded",
            *each.keys,
        )
        for each in named
        if each.keys not in served and any(is_slip(each.name, name) for name in unnamed)
    ]


def is_slip(name: str, meant: str) -> bool:
    """Whether a name looks like another one mistyped.

    Other digits, another first letter or a prefix that turns a word round or repeats it make another name.

    >>> [is_slip("purchse", "purchase"), is_slip("unsubscribe", "subscribe"), is_slip("step_1", "step_2")]
    [True, False, False]
    >>> [is_slip("account_unlocked", "account_locked"), is_slip("trialStarted", "trialRestarted")]
    [False, False]
    """
    one, other = name.casefold(), meant.casefold()
    if one[:1] != other[:1] or re.findall(r"\d+", one) != re.findall(r"\d+", other):
        return False
    if _stems(name) & _stems(meant):
        return False
    return difflib.SequenceMatcher(None, one, other).ratio() >= CLOSE


def _stems(name: str) -> set[str]:
    """A name, and the name without the prefix of each of its words that has one: "un" of "account_unlocked"."""
    shorter = {name[: found.start()] + name[found.end() :] for found in _PREFIX.finditer(name)}
    return {stem.casefold() for stem in (name, *shorter)}


def _sentence(named: NamedType, loaded: Collection[str]) -> str:
    return f'{named.where}: no event of type "{named.name}" is loaded{did_you_mean(named.name, loaded)}'
