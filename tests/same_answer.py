"""Law 2 as a user sees it: the rows of the action file and the answers of ``decide``, side by side."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from calls import call, decide

TOP = 50
SHARED = (
    "decision_id", "action_id", "action_name", "channel", "net_value", "uplift", "expected_outcome",
    "selection_probability", "arm", "model_version", "as_of",
)  # fmt: skip


def night_rows(workspace: Path, *options: str) -> dict[str, list[dict[str, Any]]]:
    """Score everybody, with every alternative, and return the rows of the action file by customer.

    Parquet has every digit; text has six of a chance.
    """
    import polars as pl

    out = workspace / "everything.parquet"
    call(workspace, "score", "--quiet", "--top", str(TOP), "--include-nothing", "--out", str(out), *options)
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in pl.read_parquet(out).to_dicts():
        rows.setdefault(row["customer_id"], []).append(row)
    return rows


def live_rows(
    workspace: Path, requests: Iterable[dict[str, Any]], as_of: str
) -> dict[str, list[dict[str, Any]]]:
    """Decide live at a time; return the answers as rows of the action file, by customer."""
    asked = [{"top": TOP, "as_of": as_of, **request} for request in requests]
    rows = {}
    for request, answer in zip(asked, decide(workspace, asked), strict=True):
        assert "error" not in answer, answer
        assert answer["customer_id"] == request["customer_id"]
        told = {name: answer[name] for name in ("decision_id", "arm", "model_version", "as_of")}
        rows[answer["customer_id"]] = [
            {**told, **entry, "customer_id": answer["customer_id"], "rank": rank}
            for rank, entry in enumerate(answer["actions"], start=1)
        ]
    return rows


def shared(rows: dict[str, list[dict[str, Any]]], ids: Iterable[str]) -> dict[str, list[tuple[Any, ...]]]:
    """The part of the rows that both doors have, ranked."""
    return {
        customer: [
            tuple(row[name] for name in SHARED) for row in sorted(rows[customer], key=lambda r: r["rank"])
        ]
        for customer in ids
    }


def every(ids: Iterable[str], most: int) -> list[str]:
    """At most so many ids, spread evenly over all of them in their order."""
    ordered = sorted(ids)
    return ordered[:: max(1, -(-len(ordered) // most))]
