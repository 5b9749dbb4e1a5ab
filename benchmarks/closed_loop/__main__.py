"""``python -m benchmarks.closed_loop``: every policy on the same worlds, judged against the oracle."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import machine
from benchmarks.closed_loop.commands import EXPLORATION, NAME, Plan, abilities, lived_by_commands
from benchmarks.closed_loop.judged import judged
from benchmarks.closed_loop.learners import GreedyModel, LinearThompson
from benchmarks.closed_loop.plain import CommitAfterTest, Fixed, Lottery, Rules, best_single
from benchmarks.closed_loop.shown import marks, plot, table, write_csv
from benchmarks.closed_loop.trial import NOTHING, Policy, Trace, lived
from benchmarks.closed_loop.vw import PEERS, Vw, interpreter
from nbatool.world.daily import DailyWorld, Switch
from nbatool.world.daily.world import EVERYTHING, PAIR, RING

SWITCHES = {"pair": PAIR, "ring": RING, "everything": EVERYTHING}
POLICIES: dict[str, Callable[[DailyWorld, int], Policy | None]] = {
    "nothing": lambda world, days: Fixed("nothing", NOTHING),  # noqa: ARG005
    "lottery": lambda world, days: Lottery("lottery", NOTHING, world.seed),  # noqa: ARG005
    "single": best_single,
    "test": lambda world, days: CommitAfterTest("A/B test, then commit", NOTHING, world.seed),  # noqa: ARG005
    "rules": lambda world, days: Rules("hand-written rules", NOTHING),  # noqa: ARG005
    "vw": lambda world, days: _vw(world),  # noqa: ARG005
    "greedy": lambda world, days: GreedyModel("greedy, retrained nightly", NOTHING, world.seed),  # noqa: ARG005
    "thompson": lambda world, days: LinearThompson("linear Thompson", NOTHING, world.seed),  # noqa: ARG005
}


def main(arguments: list[str] | None = None) -> int:
    asked = parsed(arguments)
    given = sys.argv[1:] if arguments is None else arguments
    print(
        shlex.join(["python", "-m", "benchmarks.closed_loop", *given]) + f"\n{machine.facts()}\n", flush=True
    )
    with tempfile.TemporaryDirectory(prefix="nbatool-loop-") as temporary:
        folder = Path(asked.keep or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        by_policy = [list(traces(name, asked, folder)) for name in asked.only]
    by_policy = [each for each in by_policy if each]
    ours = next((each for each in by_policy if each[0].name == NAME), [])
    rows = [judged(each, ours, asked.switch_on) for each in by_policy]
    print(f"{table(rows)}\n\n{plot(by_policy, asked.switch_on)}\n")
    print("\n".join(line for row in rows if row.name == NAME for line in marks(row)))
    if asked.csv:
        write_csv(by_policy, Path(asked.csv))
    return 0


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.closed_loop", description=__doc__)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--customers", type=int, default=3000)
    parser.add_argument("--seeds", type=int, default=1, help="worlds, of seeds 0, 1, …")
    parser.add_argument(
        "--switch-on", type=int, metavar="DAY", help="from this day on other actions work for whom"
    )
    parser.add_argument("--switch", choices=tuple(SWITCHES), default="ring")
    parser.add_argument("--train-every", type=int, default=5, metavar="DAYS")
    parser.add_argument(
        "--toml", type=Path, help="a file appended to nba.toml instead of the benchmark's own"
    )
    parser.add_argument("--only", type=_names, default=(NAME, *POLICIES), metavar="POLICY,…")
    parser.add_argument("--csv", metavar="FILE", help="regret by day")
    parser.add_argument("--keep", metavar="DIR", help="leave the workspaces there")
    return parser.parse_args(arguments)


def _names(words: str) -> tuple[str, ...]:
    asked = tuple(words.split(","))
    if unknown := set(asked) - {NAME, *POLICIES}:
        raise argparse.ArgumentTypeError(
            f"no policy {', '.join(sorted(unknown))}: {NAME}, {', '.join(POLICIES)}"
        )
    return asked


def traces(name: str, asked: argparse.Namespace, folder: Path) -> Iterator[Trace]:
    """Yield the trace of one policy on each world."""
    switch = None if asked.switch_on is None else Switch(asked.switch_on, SWITCHES[asked.switch])
    extra = asked.toml.read_text(encoding="utf-8") if asked.toml else EXPLORATION
    able = abilities(folder / "abilities", extra) if name == NAME else None
    if able is not None:
        print(f"{NAME}: {able.text()}", flush=True)
    for seed in range(asked.seeds):
        start = DailyWorld.before_history(asked.customers, seed=seed, switch=switch)
        print(f"… {name}, world {seed}", file=sys.stderr, flush=True)
        if able is not None:
            place = folder / f"world-{seed}"
            yield lived_by_commands(place, start, Plan(asked.days, asked.train_every, extra), able)
            print(f"{NAME}, seconds by command: {_seconds(place)}", flush=True)
        elif (policy := POLICIES[name](start, asked.days)) is not None:
            yield lived(policy, start, asked.days)


def _seconds(place: Path) -> str:
    spent: dict[str, dict[str, float]] = json.loads((place / "seconds.json").read_text(encoding="utf-8"))
    each = spent["seconds"].items()
    return ", ".join(f"{name} {took:,.0f} (processor {spent['processor'][name]:,.0f})" for name, took in each)


def _vw(world: DailyWorld) -> Policy | None:
    python = interpreter()
    if python is None:
        print(f"vw: left out; {PEERS} names no Python that has vowpalwabbit", flush=True)
        return None
    return Vw(python, world.seed)


if __name__ == "__main__":
    sys.exit(main())
