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
TYPES = {
    "event_id": "varchar", "customer_id": "varchar", "ts": "timestamptz", "type": "varchar", "value": "decimal(18, 4)",
    "action_id": "varchar", "channel": "varchar", "category": "varchar", "on_sale": "varchar",
}  # fmt: skip


def measure(bench: Bench) -> list[Row]:
    rows = []
    for file_format in ("parquet", "csv.gz"):
        # text is written at a tenth of the speed; a smaller shop shows the ratio as well
        size = bench.scale.customers if file_format == "parquet" else bench.scale.model_customers
        folder = bench.shops.world(min(size, 200_000) if file_format != "parquet" else size, file_format)
        sides = {
            "bare": lambda f=folder: child("ingest:bare", folder=str(f)),
            "ours": lambda f=folder: child("ingest:ours", folder=str(bench.shops.copy(f, "ingest"))),
        }
        found = in_turn(sides, bench.scale.times)
        n = found["ours"].first("rows")
        what = f"{n:,} rows of {file_format} ({n / found['ours'].seconds:,.0f} rows/s)"
        rows.append(compared("ingest", what, found["ours"], found["bare"], MOST))
    return rows


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

    root, result = Path(folder), {}
    file = root / "bare.duckdb"
    file.unlink(missing_ok=True)
    events = sorted(str(path) for path in root.glob("events*"))
    customers = next(root.glob("customers*"))
    with timed(result), duckdb.connect(str(file)) as con:
        con.execute("set TimeZone = 'UTC'")
        if events[0].endswith("parquet"):
            cast = ", ".join(f"{name}::{kind} as {name}" for name, kind in TYPES.items())
            con.execute(f"create table events as select {cast} from read_parquet($files)", {"files": events})
            con.execute("create table customers as from read_parquet($file)", {"file": str(customers)})
        else:
            con.execute(
                "create table events as from read_csv($files, columns = $types, header = true, ignore_errors = true)",
                {"files": events, "types": TYPES},
            )
            con.execute("create table customers as from read_json($file)", {"file": str(customers)})
        con.execute("checkpoint")
    file.unlink()
    return result
