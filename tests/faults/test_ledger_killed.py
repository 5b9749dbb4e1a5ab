"""kill -9 of live writers and of a night beside them: no told contact is lost, none is there twice, no cap is overrun."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from calls import surroundings

from nbatool.store.contact import Contact, HeldRows
from nbatool.store.online import OnlineStore

pytestmark = pytest.mark.slow

CUSTOMERS, CAP, NIGHT = 12_000, 4, 6000
EVER = -(2**63)
SHARED = f"""
import random, sys, time
from pathlib import Path
from nbatool.store.contact import Contact
from nbatool.store.online import OnlineStore
online = OnlineStore(Path(sys.argv[1]))
name = sys.argv[2]
def contact(decision_id, customer, batch=""):
    return Contact(f"c{{customer:04d}}", decision_id, 1, "mail", "email", ("promo",), 0, batch)
CUSTOMERS, CAP, NIGHT, EVER = {CUSTOMERS}, {CAP}, {NIGHT}, {EVER}
"""
LIVE = (
    SHARED
    + """
chance = random.Random(name)
for k in range(1_000_000):
    customer = chance.randrange(CUSTOMERS)
    while True:
        held = online.ledger.of_customer(f"c{customer:04d}", EVER)
        if len(held) >= CAP:
            break
        began = time.monotonic()
        with online.transaction():
            if online.ledger.of_customer(f"c{customer:04d}", EVER) != held:
                continue
            online.ledger.reserve([contact(f"{name}_{k}", customer)])
        print(f"{name}_{k}", round(time.monotonic() - began, 4), flush=True)
        break
"""
)
BATCH = (
    SHARED
    + """
def capped(asked, held):
    have = {}
    for customer in held.customer_ids:
        have[customer] = have.get(customer, 0) + 1
    may = []
    for c in asked:
        have[c.customer_id] = have.get(c.customer_id, 0) + 1
        may.append(have[c.customer_id] <= CAP)
        have[c.customer_id] -= not may[-1]
    return may
while True:
    refused = online.ledger.reserve_batch("night", (contact(f"n_{k}", k // 2, "night") for k in range(NIGHT)), capped)
    print("done", len(refused), flush=True)
    if name == "last":
        break
"""
)


def start(code: str, path: Path, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, str(path), name], env=surroundings(), text=True, stdout=subprocess.PIPE
    )


def test_no_told_contact_is_lost_none_is_there_twice_and_no_cap_is_overrun(tmp_path: Path) -> None:
    path = tmp_path / "online.db"
    OnlineStore(path).close()
    chance = random.Random(3)
    told: list[str] = []
    for turn in range(6):
        running = [start(LIVE, path, f"live{turn}_{j}") for j in range(3)] + [
            start(BATCH, path, f"night{turn}")
        ]
        assert running[0].stdout is not None
        told.append(running[0].stdout.readline().split()[0])  # until the first answer: somebody writes
        time.sleep(chance.uniform(0.2, 1.0))
        chance.shuffle(running)
        for process in running:
            assert process.poll() is None
            process.kill()
            time.sleep(chance.uniform(0, 0.1))
        for process in running:
            lines = process.communicate()[0].splitlines(keepends=True)
            told += [line.split()[0] for line in lines if line.endswith("\n") and not line.startswith("done")]
    last = start(BATCH, path, "last")
    refused = int(last.communicate()[0].split()[1])
    assert last.returncode == 0
    online = OnlineStore(path)
    kept = [c for rows in online.ledger.held_since(EVER) for c in rows.contacts()]
    online.close()
    print(f"\n{len(told)} live contacts told, {len(kept)} kept, {refused} of {NIGHT} of the night refused")
    times = Counter(c.decision_id for c in kept)
    assert set(times.values()) == {1}
    assert set(told) <= set(times)
    assert max(Counter(c.customer_id for c in kept).values()) <= CAP
    assert sum(c.batch == "night" for c in kept) == NIGHT - refused
    assert len(told) > 100


def test_a_night_lets_live_writers_in(tmp_path: Path) -> None:
    path = tmp_path / "online.db"
    online = OnlineStore(path)
    live = start(LIVE.replace("CAP:", "10**9:"), path, "live")
    assert live.stdout is not None
    live.stdout.readline()
    held_s: list[float] = []

    def everybody(asked: Sequence[Contact], _held: HeldRows) -> list[bool]:
        held_s.append(time.monotonic())
        return [True] * len(asked)

    began = time.monotonic()
    contacts = (Contact(f"n{k:06d}", f"n_{k}", 1, "mail", "email", (), 0, "night") for k in range(40_000))
    assert online.ledger.reserve_batch("night", contacts, everybody) == []
    took = time.monotonic() - began
    live.kill()
    lines = live.communicate()[0].splitlines(keepends=True)
    waits = sorted(float(line.split()[1]) for line in lines if line.endswith("\n"))
    online.close()
    print(
        f"\nnight of 40,000: {took:.2f} s; {len(waits)} live contacts beside it, "
        f"waits {1e3 * waits[len(waits) // 2]:.1f} ms median, {1e3 * waits[-1]:.0f} ms longest"
    )

    assert len(waits) >= len(held_s) / 2
