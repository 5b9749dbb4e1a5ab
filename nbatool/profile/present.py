"""The present of a workspace: the moment commands work at, and whether the data reach it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbatool.base.clock import US_PER_S, format_duration, format_time, now_us, parse_time
from nbatool.base.errors import DataError
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

    from nbatool.base.config import Config


def present_us(con: duckdb.DuckDBPyConnection, config: Config, asked_us: int | None = None) -> int:
    """Return the moment to work at: ``--as-of``, else what ``[workspace] as_of`` says.

    "newest" is just after the newest record, an outcome loaded with a time of its own being one; with nothing loaded
    it is now.
    """
    if asked_us is not None:
        return asked_us
    said = config.workspace.as_of
    if said == "now":
        return now_us()
    if said != "newest":
        return parse_time(said, config.workspace.timezone)
    newest = [us for us in con.execute(statement("profile/newest_record")).fetchall()[0] if us is not None]
    return max(newest) + 1 if newest else now_us()


def require_past(con: duckdb.DuckDBPyConnection, as_of_us: int) -> None:
    """Stop at a moment before everything that was loaded; a customer without a date is known at any moment.

    Raises
    ------
    DataError
        Names the first time there is.
    """
    *found, has_undated = con.execute(statement("profile/first_record")).fetchall()[0]
    if has_undated:
        return
    first_us = min((us for us in found if us is not None), default=None)
    if first_us is not None and first_us >= as_of_us:
        raise DataError(
            f"nothing is known before {format_time(as_of_us)}: the first event or customer loaded is of "
            f"{format_time(first_us)}. Ask for a later time (--as-of)"
        )


def require_fresh(con: duckdb.DuckDBPyConnection, config: Config, as_of_us: int) -> None:
    """Stop when ``as_of = "now"`` and no event is newer than ``fresh_within``.

    Raises
    ------
    DataError
        The feed is stale: no contact is made on old knowledge.
    """
    if config.workspace.as_of != "now":
        return
    newest = con.execute(statement("profile/newest_record")).fetchall()[0][0]
    within_s = config.workspace.fresh_within
    if newest is not None and newest >= as_of_us - within_s * US_PER_S:
        return
    found = "no event is loaded" if newest is None else f"the newest event is of {format_time(newest)}"
    raise DataError(
        f"the feed is stale: {found}, and as_of is {format_time(as_of_us)} (fresh_within is "
        f"{format_duration(within_s)}). No contact is made. Load newer files (nbatool ingest), or for old data "
        'set as_of = "newest" in [workspace]'
    )
