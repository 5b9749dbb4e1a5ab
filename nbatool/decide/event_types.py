"""Which event types a workspace knows, and what is said of one that it does not.

A type nobody has seen may be new, so an event of it is taken; but it may be a typing mistake, and then the features
about the right type miss it. Hence a warning, not a refusal.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from nbatool.base.errors import did_you_mean

if TYPE_CHECKING:
    import duckdb

    from nbatool.base.config import Config

MOST_WARNINGS = 10
MOST_NAMED = 8
LONGEST_GUESSED = 64
"""Comparing with every known type is for names, not for whatever else a request may hold."""


def known_types(con: duckdb.DuckDBPyConnection, config: Config, trained: Iterable[str]) -> list[str]:
    """Return the types the models know, those ever loaded, and those the configuration names."""
    # Here, because a live decision imports this module and never asks for these.
    from nbatool.profile.event_names import loaded_types, named_types

    return sorted({*loaded_types(con), *(named.name for named in named_types(config)), *trained})


def type_warnings(types: Iterable[str], known: frozenset[str]) -> list[str]:
    """Say which events of a request are of a type nobody has seen, each type once.

    >>> type_warnings(["buy", "bye", "buy"], frozenset({"buy", "look"}))
    ['events[1].type: no event "bye" is known; did you mean "buy"?']
    >>> type_warnings(["order"], frozenset({"buy", "look"}))
    ['events[0].type: no event "order" is known; known are buy, look']
    """
    strange: dict[str, int] = {}
    for position, name in enumerate(types):
        if name not in known and len(strange) < MOST_WARNINGS:
            strange.setdefault(name, position)
    return [
        f'events[{position}].type: no event "{name[:LONGEST_GUESSED]}" is known{_hint(name, known)}'
        for name, position in strange.items()
    ]


@lru_cache(maxsize=1024)
def _hint(name: str, known: frozenset[str]) -> str:
    guess = did_you_mean(name, sorted(known)) if len(name) <= LONGEST_GUESSED else ""
    if guess or not known:
        return guess
    more = f" and {len(known) - MOST_NAMED} more" if len(known) > MOST_NAMED else ""
    return f"; known are {', '.join(sorted(known)[:MOST_NAMED])}{more}"
