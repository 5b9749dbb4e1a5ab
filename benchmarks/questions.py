"""Live questions of one shop: customers of its, each with something they just did."""

from __future__ import annotations

import json
import random
from pathlib import Path


def questions(folder: Path, n: int, seed: int, *, kept: bool = False) -> list[bytes]:
    """Return ``n`` requests, each of a random customer with one to three events of the session.

    ``kept`` gives the events ids, so that they are journalled: one durable write each.
    """
    import polars as pl

    ids = pl.read_parquet(next(folder.glob("customers*.parquet")))["customer_id"].to_list()
    draw = random.Random(seed)
    lines = []
    for k in range(n):
        events = [
            {
                "type": "page_view",
                "channel": "web",
                "attributes": {"category": draw.choice(["coffee", "tea"])},
            }
            for _ in range(draw.randint(1, 3))
        ]
        if kept:
            events = [{**event, "event_id": f"q{seed}-{k}-{i}"} for i, event in enumerate(events)]
        lines.append(json.dumps({"customer_id": draw.choice(ids), "events": events}).encode())
    return lines
