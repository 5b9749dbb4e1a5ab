"""A twin of a version, trained without the decisions it is then judged on.

The version itself may have learned from all there are. By time where the decisions were made at more than one
instant: trained on what was known when the last quarter began. Else by customer: trained on three quarters of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nbatool.models.known_outcomes import KnownOutcomes
from nbatool.models.splits import customer_part
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

    from nbatool.base.config import Config

JUDGED_SHARE = 0.25
"""Share of the decisions a twin is judged on: the newest, or those of as many customers."""
PARTS = 4


@dataclass(frozen=True, slots=True)
class Twin:
    """How a twin was kept apart.

    Parameters
    ----------
    as_of_us
        It was trained as of this moment.
    customers, held_out
        Where all decisions were made at one instant: customers it learned from, and others it is judged on.
    """

    as_of_us: int
    customers: int = 0
    held_out: int = 0


def decision_times(con: duckdb.DuckDBPyConnection, config: Config, present_us: int) -> list[tuple[int, int]]:
    """Return the instants of the decisions that can be judged, oldest first, with how many were made."""
    values = {"types": list(config.roles.contact), **KnownOutcomes.at(con, config, present_us).to_sql()}
    return [
        (int(at), int(n)) for at, n in con.execute(statement("measure/decision_times"), values).fetchall()
    ]


def last_quarter_us(times: list[tuple[int, int]]) -> int | None:
    """Return the first instant with a quarter of the decisions from it on, never the first of all; None: one instant.

    >>> last_quarter_us([(10, 50), (20, 25), (30, 25)]), last_quarter_us([(10, 100)])
    (30, None)
    """
    if len(times) < 2:
        return None
    counts = np.array([n for _, n in times])
    after = counts[::-1].cumsum()[::-1]
    enough = np.flatnonzero(after >= JUDGED_SHARE * counts.sum())
    return times[max(int(enough[-1]), 1)][0]


def customers_apart(con: duckdb.DuckDBPyConnection, seed: int) -> tuple[list[str], list[str]]:
    """Return the customers of the decision log to learn from, and a quarter of them to judge on, by hash."""
    ids = [str(row[0]) for row in con.execute(statement("measure/decided_customers")).fetchall()]
    held = customer_part(np.arange(len(ids)), seed, "measure/held out", PARTS) == 0
    return (
        [one for one, is_held in zip(ids, held.tolist(), strict=True) if not is_held],
        [one for one, is_held in zip(ids, held.tolist(), strict=True) if is_held],
    )


@contextmanager
def only_customers(con: duckdb.DuckDBPyConnection, ids: list[str]) -> Iterator[None]:
    """Let everything inside see the decision log of these customers alone; the log itself is not touched."""
    import pyarrow as pa

    con.register("customer_part", pa.table({"customer_id": pa.array(ids, pa.string())}))
    try:
        con.execute(statement("measure/create_part_of_customers"))
        yield
    finally:
        con.execute(statement("measure/drop_part_of_customers"))
        con.unregister("customer_part")
