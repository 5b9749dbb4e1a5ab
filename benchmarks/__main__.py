"""``python -m benchmarks``: measure, print, and leave nothing behind."""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

from benchmarks import machine
from benchmarks.scale import SCALES, Bench
from benchmarks.shops import Shops
from benchmarks.table import Row, text

STAGES = (
    "world_size", "ingest", "features", "train", "score", "decide_cold", "decide_warm", "exploring", "stream", "clv",
    "publish", "ledger", "evaluate", "limits", "pacing", "guarded", "capped",
)  # fmt: skip


def main() -> int:
    asked = parsed(sys.argv[1:])
    command = shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]])
    print(f"{command}   (scale {asked.scale}, seed {asked.seed})\n{machine.facts()}\n", flush=True)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="nbatool-bench-") as temporary:
        folder = Path(asked.keep or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        shops = Shops(folder, asked.seed, keep=asked.keep is not None)
        rows, failed = measured(Bench(SCALES[asked.scale], shops, asked.seed), asked.only)
    print(text(rows))
    print(
        f"\n{time.perf_counter() - started:,.0f} s in all. Times: median (least–most) of the runs; ratio: of each pair"
    )
    print(
        'of neighbouring runs; peak: the most any run held. "-": the mark is set for a larger scale than was run.'
    )
    print(f"\nafterwards: {machine.facts().splitlines()[1]}")
    return 1 if failed else 0


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--scale", choices=tuple(SCALES), default="medium")
    parser.add_argument("--only", type=stages, default=STAGES, metavar="STAGE,…", help=", ".join(STAGES))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", metavar="DIR", help="make the shops there, and use those already there")
    return parser.parse_args(arguments)


def stages(words: str) -> tuple[str, ...]:
    asked = tuple(words.split(","))
    unknown = set(asked) - set(STAGES)
    if unknown:
        raise argparse.ArgumentTypeError(
            f"no stage {', '.join(sorted(unknown))}: there are {', '.join(STAGES)}"
        )
    return asked


def measured(bench: Bench, only: tuple[str, ...]) -> tuple[list[Row], bool]:
    """Measure stage by stage; one that fails is a line of the table, and the others go on."""
    rows, failed = [], False
    for stage in only:
        print(f"… {stage}", file=sys.stderr, flush=True)
        try:
            rows += import_module(f"benchmarks.{stage}").measure(bench)
        except Exception as error:  # noqa: BLE001 - the other stages are still worth measuring
            failed = True
            print(f"{stage}: {error}", file=sys.stderr, flush=True)
            why = (str(error).strip() or repr(error)).splitlines()[-1]
            rows.append(Row(stage, "failed: " + why[:90], ""))
    return rows, failed


if __name__ == "__main__":
    sys.exit(main())
