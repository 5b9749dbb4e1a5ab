"""What a reader must know to judge the figures: the machine, what else ran on it, the versions."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PARTS = ("nbatool", "duckdb", "polars", "pyarrow", "lightgbm", "lifetimes", "numpy", "msgspec", "typer")


def facts() -> str:
    """Return the facts, three lines."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    versions = " · ".join(f"{name} {_version(name)}" for name in PARTS)
    return (
        f"{os.cpu_count()} cores ({_model()}), {memory:.0f} GB, {platform.system()} {platform.release()}\n"
        f"load over 1, 5 and 15 minutes: {load}\n"
        f"Python {platform.python_version()} · {versions}"
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(not installed)"


def _model() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
