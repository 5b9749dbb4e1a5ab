"""``python -m benchmarks.coverage``: how often the intervals of `evaluate` hold the truth, in logs whose truth is known."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from bandit_worlds import World, covered  # type: ignore[import-not-found]  # found on the path set above

KNOWN, ESTIMATED = 400, 400
WORLDS = {
    "clicks": World(),
    "clicks, a log of strong preferences": World(sharp=3),
    "skewed money": World(money=True),
    "skewed money, experiment arms": World(money=True, sticky=True, sharp=3),
}


def main() -> int:
    print(f"shares of 95 % intervals that hold the truth; {KNOWN} logs, with estimated chances {ESTIMATED}")
    plans = [(name, world, False) for name, world in WORLDS.items()]
    plans += [(f"{name}, estimated chances", WORLDS[name], True) for name in ("clicks", "skewed money")]
    for name, world, estimated in plans:
        times = ESTIMATED if estimated else KNOWN
        found = covered(world, 500 if estimated else 400, times, estimated=estimated)
        by = {
            method: [v for key, v in found.items() if key.endswith(method)]
            for method in ("asymptotic", "bootstrap")
        }
        said = "   ".join(f"{method} {min(v):.3f} to {max(v):.3f}" for method, v in by.items())
        print(f"{name:45} {said}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
