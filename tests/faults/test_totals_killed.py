"""kill -9 of whoever changes the contact log: the totals are what a recount finds, whenever it was."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from calls import surroundings

from nbatool.store.contact_totals import BEFORE, bucket_of
from nbatool.store.online import OnlineStore

pytestmark = pytest.mark.slow

SHARED = """
import random, sys
from pathlib import Path
from nbatool.store.contact import Contact
from nbatool.store.online import OnlineStore
online = OnlineStore(Path(sys.argv[1]))
name = sys.argv[2]
chance = random.Random(name)
HOUR_US = 3_600_000_000
def contact(decision_id, customer, batch=""):
    at_us = chance.randrange(48) * HOUR_US
    return Contact(f"c{customer:04d}", decision_id, 1, "mail", "email", (), at_us, batch, chance.choice((0.5, 1.0)))
print("ready", flush=True)
"""
LIVE = """
for k in range(1_000_000):
    online.ledger.reserve([contact(f"{name}_{k}", chance.randrange(3000))])
    print(f"{name}_{k}", flush=True)
    online.ledger.mark(f"{name}_{chance.randrange(k + 1)}", chance.choice(("sent", "released")), k)
"""
NIGHT = """
while True:
    contacts = [contact(f"n_{k}", k // 2, "night") for k in range(3000)]
    online.ledger.reserve_batch("night", contacts, lambda asked, held: [chance.random() < 0.9 for _ in asked])
"""
UPKEEP = """
while True:
    online.ledger.reconcile(chance.randrange(96) * HOUR_US, 24 * HOUR_US)
    online.ledger.sweep(chance.randrange(12) * HOUR_US)
"""


def start(code: str, path: Path, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SHARED + code, str(path), name],
        env=surroundings(),
        text=True,
        stdout=subprocess.PIPE,
    )


def test_the_totals_are_what_a_recount_finds_after_every_kill(tmp_path: Path) -> None:
    path = tmp_path / "online.db"
    online = OnlineStore(path)
    read_on = online.ledger.totals()
    chance, told = random.Random(5), 0
    for turn in range(6):
        running = [start(code, path, f"{turn}") for code in (LIVE, NIGHT, UPKEEP)]
        for process in running:
            assert process.stdout is not None
            process.stdout.readline()
        time.sleep(chance.uniform(0.2, 0.8))
        chance.shuffle(running)
        for process in running:
            assert process.poll() is None
            process.kill()
            time.sleep(chance.uniform(0, 0.05))
        told += sum(len(process.communicate()[0].splitlines()) for process in running)
        totals, recounted, before = recount(path)
        assert totals == recounted
        read_on.refresh()
        assert int(read_on.since(-(2**40)).sum()) == sum(recounted.values())
        assert int(read_on.ever().sum()) == sum(recounted.values()) + before
    online.close()
    print(f"\n{told} live contacts, {sum(recounted.values())} count, {before} swept")
    assert told > 100
    assert before > 0


def recount(path: Path) -> tuple[Counter[tuple[int, int]], Counter[tuple[int, int]], int]:
    """The totals, the contacts one by one, and how many were swept."""
    con = sqlite3.connect(path)
    rows = con.execute("select kind, bucket, n from contact_total where n <> 0").fetchall()
    contacts = con.execute("select kind, at_us from contact where counted").fetchall()
    con.close()
    totals = Counter({(kind, bucket): n for kind, bucket, n in rows if bucket != BEFORE})
    swept = sum(n for _, bucket, n in rows if bucket == BEFORE)
    return totals, Counter((kind, bucket_of(at_us)) for kind, at_us in contacts), swept
