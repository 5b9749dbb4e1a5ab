"""Running measured processes in turn, and what came of them."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
Run = Callable[[], Mapping[str, Any]]


@dataclass(frozen=True)
class Runs:
    """All runs of one side, in the order they were made."""

    found: tuple[Mapping[str, Any], ...]

    def values(self, key: str = "seconds") -> list[float]:
        return [float(run[key]) for run in self.found]

    def median(self, key: str = "seconds") -> float:
        return statistics.median(self.values(key))

    @property
    def seconds(self) -> float:
        return self.median()

    @property
    def peak_mb(self) -> float:
        return max(self.values("peak_mb"))

    def first(self, key: str) -> Any:
        return self.found[0].get(key)


def environment() -> dict[str, str]:
    """What measured processes see: this checkout, and threads that do not spin while they wait."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_WAIT_POLICY": "PASSIVE"}


def child(function: str, **arguments: Any) -> dict[str, Any]:
    """Run ``MODULE:FUNCTION`` of this package in a process of its own and return what it found."""
    line = [sys.executable, "-m", "benchmarks.child", f"benchmarks.{function}", json.dumps(arguments)]
    done = subprocess.run(line, env=environment(), cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{function} failed:\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def in_turn(runs: Mapping[str, Run], times: int) -> dict[str, Runs]:
    """Make every run ``times`` times, the order turned round each time, so that a slow minute hits all alike."""
    found: dict[str, list[Mapping[str, Any]]] = {name: [] for name in runs}
    for k in range(times):
        for name in list(runs) if k % 2 == 0 else reversed(list(runs)):
            found[name].append(runs[name]())
    return {name: Runs(tuple(each)) for name, each in found.items()}


def ratios(ours: Runs, bare: Runs, key: str = "seconds") -> list[float]:
    """Return the ratio of each pair of neighbouring runs."""
    return [a / b for a, b in zip(ours.values(key), bare.values(key), strict=True)]


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median and range, such as ``1.52 (1.40–1.71)``.

    >>> spread([2.0, 1.0, 4.0], 1)
    '2.0 (1.0–4.0)'
    """
    middle = f"{statistics.median(values):.{digits}f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.{digits}f}–{max(values):.{digits}f})"
