"""How fast a made-up shop is written; the largest is 1M customers with about 30M events, or 50M with more browsing."""

from __future__ import annotations

from benchmarks.scale import Bench
from benchmarks.table import Row


def measure(bench: Bench) -> list[Row]:
    folder = bench.shops.world(bench.scale.customers)
    found = bench.shops.facts(folder, "world")
    rate = found["events"] / found["seconds"]
    what = f"{found['customers']:,} customers, {found['events']:,} events as Parquet ({rate:,.0f} rows/s)"
    return [Row("world", what, f"{found['seconds']:.2f} s", found["peak_mb"])]
