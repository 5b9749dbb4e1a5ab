"""``python -m benchmarks.bandit``: play every set, beside Vowpal Wabbit where it is there."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmarks import machine
from benchmarks.bandit.data_sets import BANKS, FEW_ROWS, DataSet, of_bank, standard
from benchmarks.bandit.shown import Played, summary, table
from benchmarks.runs import child, environment

PEERS = "NBATOOL_BENCH_PEERS"
SCIKIT = ("iris", "wine", "digits", "breast_cancer")
SETS = (*SCIKIT, *BANKS)
SCRIPTS = Path(__file__).parents[1] / "peers"
AT_ONCE = 5
"""Shuffles one side plays before the other has its turn."""


def main(arguments: list[str] | None = None) -> int:
    asked = parsed(arguments)
    print(f"{machine.facts()}\n", flush=True)
    played = []
    with tempfile.TemporaryDirectory(prefix="nbatool-bandit-") as folder:
        for name in asked.only:
            file = written(name, Path(folder))
            if file is None:
                print(
                    f"{name}: not played, its data are not there (see {PEERS}, NBATOOL_REAL_DATA)",
                    file=sys.stderr,
                )
                continue
            few = len(DataSet.read(file).label) < FEW_ROWS
            played.append(one(name, file, asked.seed, asked.shuffles or (20 if few else 3)))
            print(table(played[-1:]), flush=True)
    print(f"\n{table(played)}\n\n{summary(played)}")
    return 0


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bandit", description=__doc__)
    parser.add_argument(
        "--only", type=lambda words: words.split(","), default=list(SETS), help=", ".join(SETS)
    )
    parser.add_argument(
        "--shuffles", type=int, help="instead of 20 for sets under 2,000 rows and 3 for larger"
    )
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


def one(name: str, file: Path, seed: int, shuffles: int) -> Played:
    """Play one set, both sides in turn on the same shuffles."""
    played = Played(name, [], [], {}, {})
    for first in range(seed, seed + shuffles, AT_ONCE):
        times = min(AT_ONCE, seed + shuffles - first)
        found = child("bandit.ours:play", file=str(file), first=first, shuffles=times)
        played.scores.extend(found["scores"])
        played.seconds.extend(found["seconds"])
        for configuration, theirs in peer(file, first, times).items():
            played.peer_scores.setdefault(configuration, []).extend(theirs["scores"])
            played.peer_seconds.setdefault(configuration, []).extend(theirs["seconds"])
    return played


def peer(file: Path, first: int, shuffles: int) -> dict[str, dict[str, list[float]]]:
    """Return what VW scores, by configuration; nothing where it is not installed."""
    python = having("vowpalwabbit")
    if python is None:
        return {}
    line = [python, str(SCRIPTS / "vw_supervised.py"), str(file), str(first), str(shuffles)]
    done = subprocess.run(line, env=environment(), capture_output=True, text=True, check=True)
    found: dict[str, dict[str, list[float]]] = json.loads(done.stdout.splitlines()[-1])
    return found


def written(name: str, folder: Path) -> Path | None:
    """Write a set for both sides and return its file; None where its data are not there."""
    if name in BANKS:
        try:
            return of_bank(name).write(folder)
        except FileNotFoundError:
            return None
    python = having("sklearn")
    if python is None:
        return None
    subprocess.run(
        [python, str(SCRIPTS / "scikit_sets.py"), str(folder), name], env=environment(), check=True
    )
    with np.load(folder / f"{name}.raw.npz", allow_pickle=False) as raw:
        return DataSet(name, standard(raw["numbers"]), (), raw["label"]).write(folder)


def having(package: str) -> str | None:
    """Return the interpreter that is to have a peer, or None."""
    if named := os.environ.get(PEERS):
        return named
    return sys.executable if find_spec(package) else None


if __name__ == "__main__":
    sys.exit(main())
