"""A workspace of logged decisions and nothing else: contexts, twenty candidates with their chances, clicks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

N_ACTIONS = 19
N_CONTEXT = 12
PER_CUSTOMER = 5
CHUNK = 100_000
CONFIG = """\
[workspace]
currency = "USD"
as_of = "newest"

[[source]]
name = "log"
kind = "decisions"
files = ["log.parquet"]
[source.map]
ts = "ts"
customer_id = "customer_id"
decision_id = "decision_id"
action_id = "action_id"
probability = "probability"
context = ["x*"]
outcome.click = "click"

[[objective]]
name = "click"
within = "1d"
"""


def begin(folder: Path, decisions: int, seed: int) -> None:
    """Write nba.toml and load a log of so many decisions with all their chances."""
    import pyarrow as pa

    from nbatool.base.config import load_config
    from nbatool.ingest.decision_log import load_decisions, load_outcomes
    from nbatool.store.warehouse import open_warehouse
    from nbatool.store.workspace import Workspace

    folder.mkdir(parents=True, exist_ok=True)
    actions = "".join(f'\n[[action]]\nid = "a{k:02d}"\nchannels = ["web"]\n' for k in range(N_ACTIONS))
    (folder / "nba.toml").write_text(CONFIG + actions, encoding="utf-8")
    candidates = [[f"a{k:02d}", "web"] for k in range(N_ACTIONS)] + [["nothing", None]]
    with open_warehouse(Workspace(folder, load_config(folder / "nba.toml"))) as warehouse:
        for first in range(0, decisions, CHUNK):
            n = min(CHUNK, decisions - first)
            rows, outcomes = _rows(first, n, candidates, np.random.default_rng([seed, first]))
            load_decisions(warehouse.con, pa.table(rows), source="log")
            load_outcomes(warehouse.con, pa.table(outcomes), source="log")


def _rows(
    first: int, n: int, candidates: list[list[Any]], random: np.random.Generator
) -> tuple[dict[str, Any], dict[str, Any]]:
    import pyarrow as pa

    m = len(candidates)
    x = random.normal(size=(n, N_CONTEXT)).round(3)
    score = np.column_stack([x[:, k % N_CONTEXT] * 0.5 for k in range(m)])
    chance = np.exp(score) / np.exp(score).sum(1, keepdims=True)
    chosen = (chance.cumsum(1) > random.random((n, 1))).argmax(1)
    clicked = random.random(n) < 0.05 * np.exp(0.5 * score[np.arange(n), chosen])
    ids = [f"d{first + k:08d}" for k in range(n)]
    customers = [f"c{(first + k) // PER_CUSTOMER:07d}" for k in range(n)]
    contexts = [
        json.dumps(dict(zip((f"x{j}" for j in range(N_CONTEXT)), row, strict=True))) for row in x.tolist()
    ]
    nothing: list[None] = [None] * n
    offsets = pa.array(np.arange(n + 1, dtype=np.int32) * m)
    at_us = 1_600_000_000_000_000 + (first + np.arange(n)) * 1_000_000
    decisions = {
        "decision_id": pa.array(ids), "customer_id": pa.array(customers), "as_of_us": pa.array(at_us),
        "slot": pa.array(np.ones(n, dtype=np.int32)),
        "action_id": pa.array([candidates[k][0] for k in chosen]),
        "channel": pa.array([candidates[k][1] for k in chosen], pa.string()),
        "probability": pa.array(chance[np.arange(n), chosen]), "probability_in_arm": pa.array(nothing, pa.float64()),
        "arm": pa.array(nothing, pa.string()), "policy": pa.array(["log"] * n),
        "candidates": pa.DictionaryArray.from_arrays(np.zeros(n, dtype=np.int32), [json.dumps(candidates)]),
        "probabilities": pa.ListArray.from_arrays(offsets, pa.array(chance.astype(np.float32).ravel())),
        "net_values": pa.array(nothing, pa.list_(pa.float32())), "removed": pa.array(nothing, pa.list_(pa.int8())),
        "context": pa.array(contexts), "detail": pa.array(nothing, pa.string()),
    }  # fmt: skip
    outcomes = {
        "decision_id": pa.array(ids), "slot": pa.array(nothing, pa.int32()), "outcome_id": pa.array(["click"] * n),
        "objective": pa.array(["click"] * n), "ts_us": pa.array(nothing, pa.int64()),
        "value": pa.array(["1" if c else "0" for c in clicked]),
    }  # fmt: skip
    return decisions, outcomes
