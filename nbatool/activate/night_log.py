"""The night's decisions in the decision log: every one, `nothing` included, with the chance of each candidate.

They go into the warehouse in one transaction, before any file can be acted on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from nbatool.decide.arms import ARMS
from nbatool.decide.batch import ScoredChunk
from nbatool.decide.policy import Policy
from nbatool.decide.practice import practice_to_json
from nbatool.features.choice import as_timestamp
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

BATCH = "@night"
MOST_WAITING = 200_000
"""Decisions kept in memory before they are inserted."""


@dataclass
class NightLog:
    """Collects the decisions of a night and inserts them, inside the caller's transaction.

    Parameters
    ----------
    con
        The warehouse, in a transaction.
    customer_ids
        Everybody scored, in order.
    """

    con: duckdb.DuckDBPyConnection
    policy: Policy
    customer_ids: Sequence[str]
    as_of_us: int
    seed: int
    model_version: str
    _waiting: list[pa.Table] = field(default_factory=list)
    _rows: int = 0

    def begin(self) -> None:
        """Take back what an earlier scoring of this moment reserved and nobody acted on."""
        values = {"as_of": as_timestamp(self.as_of_us)}
        self.con.execute(statement("activate/delete_reserved_decisions"), values)

    def add(self, chunk: ScoredChunk) -> None:
        self._waiting.append(self._table(chunk))
        self._rows += chunk.last - chunk.first
        if self._rows >= MOST_WAITING:
            self.flush()

    def flush(self) -> None:
        """Insert what waits."""
        import pyarrow as pa

        from nbatool.ingest.decision_log import load_decisions

        if self._waiting:
            load_decisions(self.con, pa.concat_tables(self._waiting), batch_id=BATCH)
        self._waiting, self._rows = [], 0

    def _table(self, chunk: ScoredChunk) -> pa.Table:
        import pyarrow as pa

        decision, n = chunk.decision, chunk.last - chunk.first
        candidates = self.policy.candidates
        chosen = np.where(decision.chosen < 0, len(candidates) - 1, decision.chosen)
        rows = np.arange(n)
        actions = np.array([action for action, _ in candidates], dtype=object)[chosen]
        channels = np.array([channel for _, channel in candidates], dtype=object)[chosen]
        detail = {"seed": self.seed, "practice": practice_to_json(self.policy.practice)}
        net_values = np.column_stack([decision.net_value, np.zeros(n)])
        removed = np.column_stack([decision.removed, np.zeros(n, dtype=np.int8)])
        columns: dict[str, Any] = {
            "decision_id": pa.array(chunk.subjects.decision_ids, pa.string()),
            "customer_id": pa.array(self.customer_ids[chunk.first : chunk.last], pa.string()),
            "as_of_us": pa.array(np.full(n, self.as_of_us), pa.int64()),
            "slot": pa.array(np.ones(n, dtype=np.int32)),
            "action_id": pa.array(actions, pa.string()),
            "channel": pa.array(channels, pa.string()),
            "probability": pa.array(decision.probability[rows, chosen]),
            "probability_in_arm": pa.array(decision.probability_in_arm[rows, chosen]),
            "arm": pa.array(np.array(ARMS, dtype=object)[decision.arm], pa.string()),
            "policy": _same(self.model_version, n),
            "candidates": _same(json.dumps(candidates, separators=(",", ":"), ensure_ascii=False), n),
            "probabilities": _lists(decision.probability.astype(np.float32)),
            "net_values": _lists(net_values.astype(np.float32)),
            "removed": _lists(removed.astype(np.int8)),
            "context": pa.nulls(n, pa.string()),
            "detail": _either(chunk.waits > 0, _compact(detail), _compact(detail | {"waits": True})),
        }
        return pa.table(columns)


@contextmanager
def logging(con: duckdb.DuckDBPyConnection, log: NightLog) -> Iterator[Callable[[ScoredChunk], None]]:
    """Log the chunks handed over while the block runs: all of them, or none where it fails."""
    con.begin()
    try:
        log.begin()
        yield log.add
        log.flush()
        con.commit()
    except BaseException:
        con.rollback()
        raise


def _compact(values: dict[str, Any]) -> str:
    return json.dumps(values, separators=(",", ":"))


def _either(second: np.ndarray[Any, Any], *texts: str) -> pa.Array:
    """One of two texts in every row, each kept once."""
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(second.astype(np.int32), pa.array(texts, pa.string()))


def _same(text: str, n: int) -> pa.Array:
    """The same text in every row, kept once."""
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(np.zeros(n, dtype=np.int32), pa.array([text], pa.string()))


def _lists(values: np.ndarray[Any, Any]) -> pa.Array:
    import pyarrow as pa

    n, m = values.shape
    offsets = np.arange(n + 1, dtype=np.int32) * m
    return pa.ListArray.from_arrays(offsets, pa.array(np.ascontiguousarray(values).ravel()))
