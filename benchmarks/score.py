"""A decision for everybody, against plain `Booster.predict` of the same boosters over as many rows."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from benchmarks.child import timed
from benchmarks.runs import child, in_turn
from benchmarks.scale import Bench
from benchmarks.shops import N_ACTIONS
from benchmarks.shops import score as score_shop
from benchmarks.table import Row, compared

MOST_MB, AT_CUSTOMERS = 6_000, 1_000_000


def measure(bench: Bench) -> list[Row]:
    folder = bench.shops.modelled(bench.scale.scored_customers, bench.scale.model_customers)
    sides = {
        "bare": lambda: child("score:bare", folder=str(folder)),
        "ours": lambda: child("score:ours", folder=str(folder)),
    }
    found = in_turn(sides, 1 if bench.scale.scored_customers >= AT_CUSTOMERS else min(bench.scale.times, 2))
    ours = found["ours"]
    customers = ours.first("customers")
    row = compared("score", f"{customers:,} customers × {N_ACTIONS} actions", ours, found["bare"])
    return [
        row,
        Row(
            "score", f"peak memory ({customers / ours.seconds:,.0f} customers/s)", "", ours.peak_mb,
            mark=f"< {MOST_MB:,} MB at {AT_CUSTOMERS:,}",
            met=ours.peak_mb < MOST_MB if customers >= AT_CUSTOMERS else None,
        ),
    ]  # fmt: skip


def ours(folder: str) -> dict[str, Any]:
    return score_shop(folder)


def bare(folder: str) -> dict[str, Any]:
    """Predict with LightGBM's own class, one real chunk over and over until everybody was covered."""
    import lightgbm

    threads, result = os.cpu_count() or 1, {}
    customer, candidates, texts, n = chunk_of(folder, 5_000)
    boosters = {name: lightgbm.Booster(model_str=text) for name, text in texts.items()}
    with timed(result):
        for first in range(0, n, len(customer)):
            some = min(len(customer), n - first)
            for name, booster in boosters.items():
                rows = candidates if name.startswith("outcome") else customer
                rows = rows[: some * (len(rows) // len(customer))]
                booster.predict(rows, raw_score=True, num_threads=threads)
    return result


def chunk_of(folder: str, most: int) -> tuple[Any, Any, dict[str, str], int]:
    """Return model input of some customers, of all their candidates, the boosters' texts, and everybody's number."""
    from nbatool.decide.assemble import champion_policy
    from nbatool.decide.batch import population
    from nbatool.ingest.catalogue import load_catalogue
    from nbatool.models import registry
    from nbatool.profile.present import present_us
    from nbatool.store.warehouse import open_warehouse
    from nbatool.store.workspace import open_workspace

    workspace = open_workspace(Path(folder))
    version, policy = champion_policy(workspace, load_catalogue(workspace.config))
    files = registry.load_files(workspace.models_dir, version)
    texts = {name: text.decode() for name, text in files.items() if name.endswith(".txt")}
    bundle = policy.bundle
    with open_warehouse(workspace) as warehouse:
        as_of = present_us(warehouse.con, workspace.config, None)
        people = population(warehouse.con, workspace.config, policy, as_of_us=as_of, most=most)
        features = people.prepared.read(0, len(people))
        n = warehouse.con.execute("select count(distinct source_id) from customers").fetchall()[0][0]
    customer = bundle.customer.encode(features)
    offers = [(offer.action.id, offer.channel) for offer in policy.catalogue.offers]
    assert bundle.decision is not None, json.dumps(dict(bundle.card))[:200]
    candidates = bundle.decision.of_candidates(
        features, customer, [*offers, ("nothing", None)], policy.catalogue.actions
    )
    return customer, candidates, texts, n
