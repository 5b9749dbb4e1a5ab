"""Files into the warehouse, against DuckDB's bare typed load of the same files into a file."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from benchmarks.child import timed
from benchmarks.runs import child, in_turn
from benchmarks.scale import Bench
from benchmarks.table import Row, compared

MOST = 3.0
FORMATS = ("parquet", "csv.gz", "ndjson.gz")
MOST_AS_TEXT = 200_000
"""Customers: text is written at a tenth of the speed, and a smaller shop shows the ratio as well."""
EVENTS = {
    "event_id": "varchar", "customer_id": "varchar", "ts": "timestamptz", "type": "varchar", "value": "decimal(18, 4)",
    "action_id": "varchar", "channel": "varchar", "category": "varchar", "on_sale": "varchar",
}  # fmt: skip
CUSTOMERS = {
    "customer_id": "varchar", "signed_up": "timestamptz", "timezone": "varchar", "region": "varchar", "age": "integer",
    "household_size": "integer", "tier": "varchar", "newsletter": "varchar", "favourite": "varchar",
}  # fmt: skip


def measure(bench: Bench) -> list[Row]:
    return [row(bench, file_format) for file_format in FORMATS]


def row(bench: Bench, file_format: str) -> Row:
    customers = bench.scale.customers
    folder = bench.shops.world(
        customers if file_format == "parquet" else min(customers, MOST_AS_TEXT), file_format
    )
    sides = {
        "bare": lambda: child("ingest:bare", folder=str(folder)),
        "ours": lambda: child("ingest:ours", folder=str(bench.shops.copy(folder, "ingest"))),
    }
    found = in_turn(sides, bench.scale.times)
    n = found["ours"].first("rows")
    what = f"{n:,} rows of {file_format} ({n / found['ours'].seconds:,.0f} rows/s)"
    return compared("ingest", what, found["ours"], found["bare"], MOST)


def ours(folder: str) -> dict[str, Any]:
    from nbatool.ingest.load import load
    from nbatool.store.workspace import open_workspace

    result: dict[str, Any] = {}
    workspace = open_workspace(Path(folder))
    with timed(result):
        report = load(workspace)
    result["rows"] = sum(source.counts.rows for source in report.sources)
    shutil.rmtree(Path(folder) / "data")
    return result


def bare(folder: str) -> dict[str, Any]:
    """Load events and customers with their types, and nothing else: no checks, no duplicates, no rejects."""
    import duckdb

    root = Path(folder)
    file = root / "bare.duckdb"
    file.unlink(missing_ok=True)
    events, customers = (sorted(map(str, root.glob(f"{name}*"))) for name in ("events", "customers"))
    result: dict[str, Any] = {}
    with timed(result), duckdb.connect(str(file)) as con:
        con.execute("set TimeZone = 'UTC'")
        # the bar would be written among the figures
        con.execute("set enable_progress_bar = false")
        for name, files, types in (("events", events, EVENTS), ("customers", customers, CUSTOMERS)):
            query, values = reading(files, types)
            con.execute(f"create table {name} as {query}", values)
        con.execute("checkpoint")
    with duckdb.connect(str(file)) as con:
        result["rows"] = sum(
            con.table(name).aggregate("count(*)").fetchall()[0][0] for name in ("events", "customers")
        )
    file.unlink()
    return result


def reading(files: list[str], types: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """Return the query that reads files with these types, and its values."""
    if files[0].endswith(".parquet"):
        cast = ", ".join(f"{name}::{kind} as {name}" for name, kind in types.items())
        return f"select {cast} from read_parquet($files)", {"files": files}
    options = "header = true" if files[0].endswith(".csv.gz") else "format = 'newline_delimited'"
    reader = "read_csv" if files[0].endswith(".csv.gz") else "read_json"
    return (
        f"from {reader}($files, columns = $types, {options}, ignore_errors = true)",
        {"files": files, "types": types},
    )
