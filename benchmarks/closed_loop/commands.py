"""nbatool by its commands: nothing but files go in, and nothing but the action file is read."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.closed_loop.trial import Trace
from benchmarks.runs import environment
from nbatool.world.daily import DailyWorld
from nbatool.world.daily.actions import OFFERS
from nbatool.world.daily.files import write_day, write_workspace
from nbatool.world.latent import Bools, Ints

NAME = "nbatool"
EXPLORATION = """
[exploration]
method = "thompson"
share = 0.1
min_probability = 0.001
max_loss = 100.0

[learning]
wait = "1h"
half_life = "90d"
"""
"""Appended to nba.toml where this version takes it."""
POLICY_ARMS = ("policy", None)


@dataclass(frozen=True)
class Door:
    """Runs ``nbatool COMMAND`` in a workspace, each in a process of its own, and keeps the time of each command."""

    folder: Path
    seconds: dict[str, float] = field(default_factory=dict)
    processor: dict[str, float] = field(default_factory=dict)

    def run(self, *arguments: str, stdin: str | None = None, may_fail: bool = False) -> int:
        """Run one command and return its exit code.

        Raises
        ------
        RuntimeError
            It failed, and that was not expected.
        """
        line = [sys.executable, "-c", "from nbatool.cli.app import main; main()", *arguments]
        variables = {**environment(), "NBATOOL_WORKSPACE": str(self.folder)}
        variables.setdefault("OMP_NUM_THREADS", "1")
        began, before = time.perf_counter(), _processor_seconds()
        done = subprocess.run(line, env=variables, input=stdin, capture_output=True, text=True, check=False)
        name, took = arguments[0], time.perf_counter() - began
        self.seconds[name] = self.seconds.get(name, 0.0) + took
        self.processor[name] = self.processor.get(name, 0.0) + _processor_seconds() - before
        if done.returncode and not may_fail:
            told = "\n".join((done.stderr or done.stdout).splitlines()[-15:])
            raise RuntimeError(f"nbatool {' '.join(arguments)} left with {done.returncode}:\n{told}")
        return done.returncode


def _processor_seconds() -> float:
    """Processor time of all commands run so far: it tells their work apart from waiting for a busy machine."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@dataclass(frozen=True)
class Able:
    """What this version of nbatool knows of the loop."""

    explores: bool
    learns: bool

    def text(self) -> str:
        """Return what it can do in words."""
        words = (("explores", self.explores), ("learns from posted confirmations", self.learns))
        return ", ".join(f"{word}: {'yes' if able else 'no'}" for word, able in words)


def abilities(folder: Path, extra_toml: str = EXPLORATION) -> Able:
    """Try on an empty workspace whether ``[exploration]`` is taken and ``learn`` exists."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nba.toml").write_text('[workspace]\ncurrency = "USD"\n' + extra_toml, encoding="utf-8")
    door = Door(folder)
    return Able(
        explores=door.run("status", "--json", may_fail=True) != 3,
        learns=door.run("learn", "--help", may_fail=True) == 0,
    )


@dataclass(frozen=True)
class Plan:
    """How the commands are called; ``train_every`` in days (the first night always trains)."""

    days: int
    train_every: int = 5
    extra_toml: str = EXPLORATION


@dataclass(frozen=True)
class Read:
    """An action file, in the world's order of customers: offer code (-1 nothing), id of the decision where it is a
    contact, and whether the policy decided (not control, nor a component arm).
    """

    offers: Ints
    decision_ids: tuple[str | None, ...]
    in_policy: Bools


def lived_by_commands(folder: Path, start: DailyWorld, plan: Plan, able: Able) -> Trace:
    """Let nbatool decide every night; `start` is the world before its history."""
    write_workspace(folder, start, plan.extra_toml if able.explores else "")
    trace, door, world = Trace(NAME, start.seed), Door(folder), start
    for _, after in start.history():
        world = after
    ids: dict[int, Sequence[str | None]] = {}
    began = time.perf_counter()
    for night in range(plan.days):
        decided = one_night(door, world, night, plan, able, sent=_sent(ids, world.day - 1))
        ids[world.day] = decided.decision_ids
        trace.add(world, decided.offers, decided.in_policy)
        day = world.day
        events, world = world.live(decided.offers)
        write_day(folder, day, events, ids)
    trace.seconds = time.perf_counter() - began
    spent = {"seconds": door.seconds, "processor": door.processor}
    (folder / "seconds.json").write_text(json.dumps(spent), encoding="utf-8")
    return trace


def one_night(door: Door, world: DailyWorld, night: int, plan: Plan, able: Able, *, sent: str) -> Read:
    """Load the day, learn from it, train when due, decide; return what the action file says."""
    at = f"{np.datetime64(world.day, 'D')}T00:00:00Z"
    door.run("ingest", "--quiet")
    if able.learns and night:
        door.run("learn", "-", "--quiet", stdin=sent)
        door.run("learn", "--quiet", "--as-of", at)
    if night % plan.train_every == 0:
        door.run("train", "--quiet", "--as-of", at)
    out = door.folder / "out" / "night.parquet"
    door.run(
        "score", "--quiet", "--as-of", at, "--seed", str(world.seed), "--include-nothing", "--format", "parquet",
        "--out", os.fspath(out),
    )  # fmt: skip
    return read_actions(out, len(world.people))


def _sent(ids: Mapping[int, Sequence[str | None]], day: int) -> str:
    """Return the confirmations of a day's contacts, a JSON object a line."""
    given = (decision for decision in ids.get(day, ()) if decision is not None)
    return "".join(json.dumps({"decision_id": decision, "status": "sent"}) + "\n" for decision in given)


def read_actions(path: Path, customers: int) -> Read:
    """Read who gets what; a customer without a row is kept apart, and gets nothing."""
    import polars as pl

    rows = pl.read_parquet(path).filter(pl.col("rank") == 1)
    offers = np.full(customers, -1, np.int64)
    decisions: list[str | None] = [None] * customers
    in_policy = np.zeros(customers, bool)
    codes = {offer: code for code, offer in enumerate(OFFERS)}
    columns = ("customer_id", "action_id", "channel", "decision_id", "arm")
    for customer, action, channel, decision, arm in rows.select(columns).iter_rows():
        row = int(customer[1:])
        offers[row] = codes.get((action, channel), -1)
        decisions[row] = decision if offers[row] >= 0 else None
        in_policy[row] = arm in POLICY_ARMS
    return Read(offers, tuple(decisions), in_policy)
