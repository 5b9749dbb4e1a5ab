"""The decision log as a table: with the columns of the Open Bandit Pipeline, or with nbatool's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any, Final

from nbatool.activate.files import neutral_cells
from nbatool.activate.log_rows import LogNames, Row, shown_floats
from nbatool.base.clock import format_time

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

OBP_FEATURES: Final = ("user_feature_", "user-item_affinity_")
"""What obp takes a column for context by; other names get the first before them."""
FLAT: Final = (
    "source", "decision_id", "position", "customer_id", "ts", "action_id", "channel", "probability",
    "probability_in_arm", "arm", "policy", "candidates", "context", "contact", "closed_outcome", "outcome",
)  # fmt: skip
"""Columns of the csv and parquet formats, before one ``outcome_NAME`` for each name outcomes were told under.

``outcome`` is what the decision brought over all objectives, events among them, in currency; ``closed_outcome`` the same
where a window of the workspace's own was closed with it.
"""
UNNAMED: Final = "unnamed"
"""NAME of outcomes that name no objective, where several could be meant."""


def write_obp(tables: Iterator[pa.Table], names: LogNames, file: IO[bytes]) -> None:
    """Write the columns of an Open Bandit file, ``click`` being the reward whatever it is, then what else is known.

    Contacts that were not made, or are not known to have been, have no place in it: there is no column that says so.
    """
    import polars as pl

    for k, table in enumerate(tables):
        rows = [row for row in table.to_pylist() if not row["is_skipped"]]
        contexts = [json.loads(row["context"]) if row["context"] is not None else {} for row in rows]
        columns: dict[str, list[Any]] = {
            "timestamp": [format_time(row["as_of_us"]) for row in rows],
            "item_id": [row["action_id"] for row in rows],
            "position": [row["slot"] for row in rows],
            "click": [row["outcome"] for row in rows],
            "propensity_score": [row["probability"] for row in rows],
        }
        for name in names.context:
            known = name if name.startswith(OBP_FEATURES) else OBP_FEATURES[0] + name
            columns[known] = [_cell(context.get(name)) for context in contexts]
        columns |= {
            key: [row[key] for row in rows] for key in ("decision_id", "customer_id", "channel", "policy")
        }
        kinds = {"position": pl.Int64, "click": pl.Float64, "propensity_score": pl.Float64}
        frame = pl.DataFrame(columns, schema={name: kinds.get(name, pl.String) for name in columns})
        neutral_cells(frame).write_csv(file, include_header=k == 0)


def _cell(value: Any) -> str | None:
    """Return a value of the context as text: numbers as JSON has them, texts as they are."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def write_csv(tables: Iterator[pa.Table], names: LogNames, file: IO[bytes]) -> None:
    """Write :data:`FLAT` and an outcome per objective; ``candidates`` is a JSON list that a map takes as it is."""
    for k, table in enumerate(tables):
        neutral_cells(flat_frame(table, names)).write_csv(file, include_header=k == 0)


def write_parquet(tables: Iterator[pa.Table], names: LogNames, file: IO[bytes]) -> None:
    """Write the columns of :func:`write_csv`."""
    import pyarrow.parquet as pq

    writer = None
    for table in tables:
        flat = flat_frame(table, names).to_arrow()
        writer = writer or pq.ParquetWriter(file, flat.schema)
        writer.write_table(flat)
    if writer is not None:
        writer.close()


def flat_frame(table: pa.Table, names: LogNames) -> pl.DataFrame:
    """Return decisions with one column per name of outcomes, all of a name added up."""
    import polars as pl

    rows = table.to_pylist()
    columns: dict[str, list[Any]] = {name: [row.get(name) for row in rows] for name in FLAT}
    columns |= {
        "position": [row["slot"] for row in rows],
        "ts": [format_time(row["as_of_us"]) for row in rows],
        "candidates": [_candidates(row) for row in rows],
        "contact": [row["status"] for row in rows],
    }
    for name in names.outcomes:
        found = [[o["value"] for o in row["outcomes"] or () if names.objective(o) == name] for row in rows]
        columns[f"outcome_{name or UNNAMED}"] = [float(sum(told)) if told else None for told in found]
    kinds = {"position": pl.Int64} | dict.fromkeys(
        ("probability", "probability_in_arm", "closed_outcome"), pl.Float64
    )
    return pl.DataFrame(
        columns,
        schema={
            name: pl.Float64 if name.startswith("outcome") else kinds.get(name, pl.String) for name in columns
        },
    )


def _candidates(row: Row) -> str | None:
    if row["candidates"] is None:
        return None
    chances, worth = shown_floats(row["probabilities"]), shown_floats(row["net_values"])
    entries = [
        {"action_id": action_id, "channel": channel}
        | ({"probability": chances[k]} if chances else {})
        | ({"net_value": worth[k]} if worth else {})
        for k, (action_id, channel) in enumerate(json.loads(row["candidates"]))
    ]
    return json.dumps(entries, ensure_ascii=False, separators=(",", ":"))
