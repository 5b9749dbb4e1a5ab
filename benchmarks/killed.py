"""Capped decisions a second of eight processes of which one is killed every two seconds and started again at once.

Counted are whole answers that left while the clock ran, from the moment all processes have answered once; what a process
takes to start again is part of the time. Questions are about the next half year, so that caps free up and many answers are
contacts. In the end all are killed; then no window of the store holds more than a cap, and no contact told of is missing.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.guarded_shop import CAP, EMAIL_CAP, WINDOW_DAYS
from benchmarks.runs import ROOT, environment
from benchmarks.stream import COMMAND
from nbatool.base.clock import DAY_US, format_time

PROCESSES, CUSTOMERS, DAYS = 8, 1_000, 180
KILL_EVERY_S = 2.0
LINES = 256
"""Requests written at once."""


@dataclass(frozen=True)
class Asking:
    """Whom to ask about, and from when on."""

    ids: Sequence[str]
    cut_us: int

    @classmethod
    def of(cls, folder: Path) -> Asking:
        from nbatool.decide.live import LiveService

        service = LiveService(folder / "data", folder / "models")
        in_force = service.in_force()
        found = cls(in_force.state.customer_ids()[:CUSTOMERS], in_force.published.cut_us)
        service.close()
        return found

    def requests(self, name: str, seed: int) -> Iterator[bytes]:
        """Yield requests without end, some at a time."""
        draw, n = random.Random(seed), 0
        while True:
            lines = []
            for _ in range(LINES):
                n += 1
                as_of = format_time(self.cut_us + draw.randrange(1, DAYS * DAY_US))
                lines.append(
                    f'{{"customer_id":{json.dumps(draw.choice(self.ids))},"request_id":"{name}/{n}","as_of":"{as_of}"}}\n'
                )
            yield "".join(lines).encode()


class Decider:
    """One `nbatool decide` that is asked as fast as it answers."""

    def __init__(self, folder: Path, asking: Asking, name: str, seed: int) -> None:
        self.file = folder / f"killed-{name.replace('/', '-')}.ndjson"
        with self.file.open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-c", COMMAND, "-w", str(folder), "decide", "-"], env=environment(), cwd=ROOT,
                stdin=subprocess.PIPE, stdout=out, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        self._feeding = threading.Thread(target=self._feed, args=(asking.requests(name, seed),))
        self._may_begin = threading.Event()
        first = json.dumps({"request_id": f"{name}/first", "dry_run": True}).encode() + b"\n"
        assert self._process.stdin is not None
        self._process.stdin.write(first)
        self._process.stdin.flush()
        self._feeding.start()

    def begin(self) -> None:
        self._may_begin.set()

    def has_answered(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"decide ended with {self._process.returncode}")
        return self.file.stat().st_size > 0

    def kill(self) -> None:
        """Kill it as it stands."""
        os.kill(self._process.pid, signal.SIGKILL)
        self.begin()
        self._process.wait()
        self._feeding.join()

    def _feed(self, requests: Iterator[bytes]) -> None:
        self._may_begin.wait()
        stdin = self._process.stdin
        assert stdin is not None
        with suppress(BrokenPipeError):
            for lines in requests:
                stdin.write(lines)
        with suppress(BrokenPipeError):  # what it still held went nowhere
            stdin.close()


def measured(folder: str, run_s: float, kill_every_s: float | None, seed: int) -> dict[str, Any]:
    """Count answers for so long, killing one process now and then; None: none before the end."""
    place, run, draw = Path(folder), f"{time.time_ns()}", random.Random(seed)
    asking, started, kills = Asking.of(place), 0, 0

    def one() -> Decider:
        nonlocal started
        started += 1
        return Decider(place, asking, f"{run}/{started}", seed * 1_000 + started)

    deciders = [one() for _ in range(PROCESSES)]
    ended: list[Decider] = []
    while not all(decider.has_answered() for decider in deciders):
        time.sleep(0.001)
    for decider in deciders:
        decider.begin()
    began = time.perf_counter()
    while (passed := time.perf_counter() - began) < run_s:
        due = run_s if kill_every_s is None else min((kills + 1) * kill_every_s, run_s)
        if passed < due:
            time.sleep(min(due - passed, 0.05))
            continue
        k = draw.randrange(PROCESSES)
        deciders[k].kill()
        ended.append(deciders[k])
        deciders[k] = one()
        deciders[k].begin()
        kills += 1
    files = [decider.file for decider in (*ended, *deciders)]
    sizes = [file.stat().st_size for file in files]
    seconds = time.perf_counter() - began
    for decider in deciders:
        decider.kill()
    answers = sum(_told(file.read_bytes()[:size]) for file, size in zip(files, sizes, strict=True))
    return {"seconds": seconds, "rate": answers / seconds, "kills": kills, **check(place, files)}


def _told(text: bytes) -> int:
    """Whole answers, without the first of each process."""
    return max(text.count(b"\n") - 1, 0)


def check(folder: Path, files: Sequence[Path]) -> dict[str, Any]:
    """Raise where a window holds more than a cap, or a decision or contact that was told of is not in the store."""
    from nbatool.store.online import OnlineStore

    online = OnlineStore(folder / "data" / "online.db")
    held = [contact for rows in online.ledger.held_since(0) for contact in rows.contacts()]
    by_customer: dict[str, list[int]] = defaultdict(list)
    by_email: dict[str, list[int]] = defaultdict(list)
    for contact in held:
        by_customer[contact.customer_id].append(contact.at_us)
        if contact.channel == "email":
            by_email[contact.customer_id].append(contact.at_us)
    for what, cap, times in (("contacts", CAP, by_customer), ("e-mails", EMAIL_CAP, by_email)):
        most = max((_most_within(at) for at in times.values()), default=0)
        if most > cap:
            raise RuntimeError(f"a customer has {most} {what} in {WINDOW_DAYS} days, the cap is {cap}")
    kept, told = {contact.decision_id for contact in held}, 0
    for file in files:
        for line in file.read_bytes().splitlines(keepends=True)[1:]:
            if not line.endswith(b"\n"):
                continue  # it was killed while it wrote
            answer = json.loads(line)
            is_contact = answer["actions"][0]["channel"] is not None
            told += is_contact
            if is_contact and answer["decision_id"] not in kept:
                raise RuntimeError(f"{answer['decision_id']} was told of, and its contact is lost")
            if not is_contact and online.decision(answer["decision_id"]) is None:
                raise RuntimeError(f"{answer['decision_id']} was told of, and is lost")
    online.close()
    return {"contacts": told}


def _most_within(times: list[int]) -> int:
    """The most of any window of that length."""
    times.sort()
    first = most = 0
    for k, at in enumerate(times):
        while times[first] <= at - WINDOW_DAYS * DAY_US:
            first += 1
        most = max(most, k - first + 1)
    return most
