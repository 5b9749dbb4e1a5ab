"""``nbatool evaluate`` on a large decision log: everything from reading it to the intervals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.child import timed
from benchmarks.logged_shop import N_ACTIONS, begin
from benchmarks.runs import Runs, child
from benchmarks.scale import Bench
from benchmarks.table import Row

MOST_S, MOST_MB, AT_DECISIONS = 120.0, 4_000, 1_000_000


def measure(bench: Bench) -> list[Row]:
    decisions = bench.scale.judged_decisions
    folder = bench.shops.root / f"log-{decisions}"
    if not (folder / "models" / "champion").exists():
        child("evaluate:made", folder=str(folder), decisions=decisions, seed=bench.seed)
    found = Runs((child("evaluate:judged", folder=str(folder)),))
    whole = decisions >= AT_DECISIONS
    what = f"{decisions:,} decisions × {N_ACTIONS + 1} candidates"
    return [
        Row(
            "evaluate", what, f"{found.seconds:,.1f} s", found.peak_mb,
            mark=f"< {MOST_S:g} s, < {MOST_MB:,} MB at {AT_DECISIONS:,}",
            met=found.seconds < MOST_S and found.peak_mb < MOST_MB if whole else None,
        )
    ]  # fmt: skip


def made(folder: str, decisions: int, seed: int) -> dict[str, Any]:
    """Load the log, and train a version on its first part."""
    from nbatool.base.clock import US_PER_S
    from nbatool.base.config import load_config
    from nbatool.models.training import train_workspace
    from nbatool.store.workspace import Workspace

    root = Path(folder)
    begin(root, decisions, seed)
    workspace = Workspace(root, load_config(root / "nba.toml"))
    cut_us = 1_600_000_000_000_000 + decisions // 10 * US_PER_S
    train_workspace(workspace, as_of_us=cut_us, seed=seed, say=lambda _: None)
    return {}


def judged(folder: str) -> dict[str, Any]:
    from nbatool.base.config import load_config
    from nbatool.measure.evaluating import Asked, evaluate_workspace
    from nbatool.store.workspace import Workspace

    root = Path(folder)
    workspace = Workspace(root, load_config(root / "nba.toml"))
    result: dict[str, Any] = {}
    with timed(result):
        report = evaluate_workspace(workspace, Asked(from_us=0), lambda _: None)
    return result | {"decisions": report.evaluation.n}
