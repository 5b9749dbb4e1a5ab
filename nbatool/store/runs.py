"""Lineage: which commands ran, when, how they ended and what they counted."""

from __future__ import annotations

import json
from collections.abc import Mapping

from nbatool.base.seeds import hash64
from nbatool.store.sql import statement
from nbatool.store.warehouse import Warehouse


def record_run(
    warehouse: Warehouse,
    *,
    command: str,
    started_us: int,
    ended_us: int,
    exit_code: int,
    summary: Mapping[str, object],
) -> str:
    """Write one finished run and return its id.

    `summary` is kept as JSON; it must hold nothing but JSON values.
    """
    run_id = f"r_{hash64(command, started_us, ended_us):016x}"
    warehouse.con.execute(
        statement("store/insert_run"),
        {
            "run_id": run_id,
            "command": command,
            "started_us": started_us,
            "ended_us": ended_us,
            "exit_code": exit_code,
            "summary": json.dumps(summary, sort_keys=True, allow_nan=False),
        },
    ).fetchall()
    return run_id
