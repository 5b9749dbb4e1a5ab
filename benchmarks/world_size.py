"""How fast a made-up shop is written; the largest is 1M customers, with about 30M events, and 50M with more browsing."""

from __future__ import annotations

from pathlib import Path

from benchmarks.scale import Bench
from benchmarks.table import Row

BROWSING = 4.0
"""Times the page views: about 50 events a customer instead of 30."""


def measure(bench: Bench) -> list[Row]:
    customers = bench.scale.customers
    rows = [row(bench, bench.shops.world(customers), "")]
    much = bench.shops.world(customers, browsing=BROWSING)
    rows.append(row(bench, much, f", {BROWSING:g} × the browsing"))
    bench.shops.drop(much)
    return rows


def row(bench: Bench, folder: Path, what: str) -> Row:
    found = bench.shops.facts(folder, "world")
    events, seconds = found["events"], found["seconds"]
    size = sum(file.stat().st_size for file in folder.glob("*.parquet")) / 1e6
    made = f"{found['customers']:,} customers{what}, {events:,} events as Parquet, {size:,.0f} MB ({events / seconds:,.0f} rows/s)"
    return Row("world_size", made, f"{seconds:.2f} s", found["peak_mb"])
