"""Whether the decision log and nba.toml speak of the same things: names of outcomes, ids of actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nbatool.base.records import LIFETIME_VALUE
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

    from nbatool.base.config import Config
    from nbatool.base.records import Action

MOST_LISTED = 12


def unmatched(con: duckdb.DuckDBPyConnection, config: Config, actions: Sequence[Action]) -> list[str]:
    """Say what was loaded of decisions that nothing in nba.toml is called: it would count for nothing, unseen."""
    return [*unmatched_outcomes(con, config), *unmatched_actions(con, actions)]


def unmatched_outcomes(con: duckdb.DuckDBPyConnection, config: Config) -> list[str]:
    """Say which outcomes are loaded, where an objective that can only be posted has none of its name."""
    found = [row[0] for row in con.execute(statement("profile/outcome_names")).fetchall()]
    loaded = [str(name) for name in found if name is not None]
    if not loaded or not config.objectives:
        return []
    said = f"outcomes are loaded for {_listed(loaded)}"
    if None not in found and not {o.name for o in config.objectives} & set(loaded):
        return [
            f"{said}; no objective has that name, so they count for nothing. Give an [[objective]] the name of what is "
            "to count"
        ]
    if None in found:
        return []
    return [
        f'[[objective]] "{o.name}": {said}, none for it: it is 0 everywhere'
        for o in config.objectives
        if o.event is None and o.measure != LIFETIME_VALUE and o.name not in loaded
    ]


def counts_for_nothing(con: duckdb.DuckDBPyConnection, config: Config) -> bool:
    """Whether every outcome is loaded under another name and no objective is measured by events: all would be 0."""
    by_events = any(o.event is not None or o.measure == LIFETIME_VALUE for o in config.objectives)
    names = {o.name for o in config.objectives}
    found = [row[0] for row in con.execute(statement("profile/outcome_names")).fetchall()]
    return bool(found and names) and not by_events and None not in found and not names & set(found)


def unmatched_actions(con: duckdb.DuckDBPyConnection, actions: Sequence[Action]) -> list[str]:
    """Say how many logged decisions chose actions that the catalogue does not have; no catalogue has none to miss."""
    known = {action.id for action in actions}
    found = [
        row for row in con.execute(statement("profile/logged_actions")).fetchall() if row[0] not in known
    ]
    if not found or not known:
        return []
    n = sum(count for _, count in found)
    chose = "logged decision chose an action" if n == 1 else "logged decisions chose actions"
    return [f"{n:,} {chose} the catalogue does not have: {_listed([name for name, _ in found])}"]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return ", ".join(names[:MOST_LISTED]) + more
