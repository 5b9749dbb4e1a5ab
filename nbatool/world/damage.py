"""What goes wrong on the way: rows that arrive late, rows that arrive twice, rows nobody can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nbatool.world.events import TYPES

if TYPE_CHECKING:
    import polars as pl

LATE_DAYS = 14
LATE_P = 0.08
TWICE_P = 0.007

BROKEN: tuple[tuple[str, str | None], ...] = (
    ("ts", None),
    ("ts", "yesterday"),
    ("ts", "2018-02-30T10:00:00Z"),
    ("ts", "2018-13-01T10:00:00Z"),
    ("customer_id", None),
    ("customer_id", None),
    ("type", None),
    ("type", None),
    ("value", "twelve"),
    ("value", "12,5O"),
    ("value", "$9.99"),
    ("value", "1.2.3"),
)
"""Column and the text that spoils it. Parquet keeps its types, so only the empty ones can be there."""


def broken_rows(events: pl.DataFrame, *, typed: bool) -> pl.DataFrame:
    """Return copies of early purchases, each with one cell spoilt and an id of its own."""
    import polars as pl

    spoils = [spoil for spoil in BROKEN if not (typed and spoil[1] is not None)]
    rows = events.filter(pl.col("type") == TYPES[2]).head(len(spoils))
    spoils = spoils[: len(rows)]
    return pl.concat(
        [
            rows[i].with_columns(
                pl.lit(f"x{i:07d}").alias("event_id"),
                pl.lit(text, dtype=rows.schema[column]).alias(column),
            )
            for i, (column, text) in enumerate(spoils)
        ]
        or [rows]
    )


def apart(
    events: pl.DataFrame, *, end_day: int, rng: np.random.Generator
) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Split events into those in time and a late file; return both, and how many of the late are there twice.

    Late ones happened in the last `LATE_DAYS` and are in the late file only; others are in both, word for word.
    """
    import polars as pl

    n = len(events)
    day = events["ts"].dt.epoch("us").to_numpy() / 86_400e6
    late = (rng.random(n) < LATE_P) & (day >= end_day - LATE_DAYS)
    twice = (rng.random(n) < TWICE_P) & ~late
    return (
        events.filter(pl.Series(~late)),
        events.filter(pl.Series(late | twice)),
        int(twice.sum()),
    )


def with_broken(frame: pl.DataFrame, *, typed: bool) -> tuple[pl.DataFrame, int]:
    """Return the rows with broken ones strewn among them, and how many those are."""
    import polars as pl

    broken = broken_rows(frame, typed=typed)
    if broken.is_empty():
        return frame, 0
    gap = len(frame) // (len(broken) + 1)
    pieces = []
    for i in range(len(broken)):
        pieces += [frame[i * gap : (i + 1) * gap], broken[i]]
    return pl.concat([*pieces, frame[len(broken) * gap :]]), len(broken)
