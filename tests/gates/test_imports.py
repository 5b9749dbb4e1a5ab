"""What a cold start may not import; each list is checked in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = (
    "duckdb",
    "polars",
    "pandas",
    "pyarrow",
    "scipy",
    "sklearn",
    "lightgbm",
    "lifetimes",
    "rich",
    "sqlglot",
)
"""Not for a live decision; LightGBM's own C library is driven by ctypes."""

DOOR = (*HEAVY, "typer", "pydantic", "numpy")
"""Not before the command is known."""

LIVE_MODULES = (
    "nbatool.base.clock",
    "nbatool.base.errors",
    "nbatool.base.records",
    "nbatool.base.seeds",
    "nbatool.base.expressions",
    "nbatool.features.live",
    "nbatool.models.booster",
    "nbatool.cli.app",
    "nbatool.cli.options",
    "nbatool.cli.console",
    "nbatool.cli.session",
    "nbatool.decide.consented",
    "nbatool.profile.consent",
    "nbatool.decide.limits",
    "nbatool.decide.live",
    "nbatool.decide.live_room",
    "nbatool.decide.night_limits",
    "nbatool.decide.pacing",
    "nbatool.decide.population_limits",
    "nbatool.decide.prices",
    "nbatool.decide.tie_breaks",
    "nbatool.cli.decide",
    "nbatool.decide.odds",
    "nbatool.decide.quiet_hours",
    "nbatool.decide.slate",
    "nbatool.decide.slots",
    "nbatool.decide.published",
    "nbatool.cli.learn",
    "nbatool.learn.live",
    "nbatool.store.contact_totals",
)


def imported(statement: str) -> set[str]:
    """Return the top-level packages in a fresh process after a statement."""
    code = (
        f"{statement}\nimport json, sys\nprint(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("module", LIVE_MODULES)
def test_the_live_path_is_light(module: str) -> None:
    assert imported(f"import {module}") & set(HEAVY) == set()


def test_the_door_opens_without_a_library() -> None:
    assert imported("import nbatool.cli.app") & set(DOOR) == set()


def test_help_needs_no_heavy_library() -> None:
    found = imported("from nbatool.cli.app import run; run(['--help'])")
    assert found & set(HEAVY) == set()


def test_decide_itself_is_light() -> None:
    found = imported("from nbatool.cli.app import run; run(['decide', '--help'])")
    assert found & {*HEAVY, "typer"} == set()
