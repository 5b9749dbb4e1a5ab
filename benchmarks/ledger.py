"""The contact log: reserving a night's contacts beside a live writer, and what a live decision pays for it.

Every customer has a contact of each of two earlier nights, which the third looks at as caps do.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.child import timed
from benchmarks.publish import a_writer_beside, summary, waits
from benchmarks.runs import child
from benchmarks.scale import Bench
from benchmarks.table import Row

if TYPE_CHECKING:
    from nbatool.store.contact import Contact, HeldRows

MOST_MS, AT_CONTACTS, MOST_US = 50.0, 1_000_000, 30.0
LOOKED_UP = 2_000
DAY_US = 86_400_000_000


def measure(bench: Bench) -> list[Row]:
    place = bench.shops.root / "ledger"
    shutil.rmtree(place, ignore_errors=True)
    n = bench.scale.published_customers
    found = child("ledger:nights", place=str(place), n=n)
    shutil.rmtree(place)
    quiet, busy, read_us, reserve_us = (found[name] for name in ("quiet", "busy", "read_us", "reserve_us"))
    return [
        Row("ledger", f"{n:,} contacts reserved, {2 * n:,} held before", f"{found['seconds']:.1f} s", found["peak_mb"]),
        Row(
            "ledger", "a live write meanwhile", waits(busy), bare=waits(quiet) + " (quiet)",
            mark=f"p99 ≤ {MOST_MS:g} ms at {AT_CONTACTS:,}",
            met=busy["p99"] <= MOST_MS if n >= AT_CONTACTS else None,
        ),
        Row(
            "ledger", "version and contacts of a customer", f"{read_us:.1f} µs", mark=f"≤ {MOST_US:g} µs",
            met=read_us <= MOST_US,
        ),
        Row(
            "ledger", "a contact reserved, without its commit", f"{reserve_us:.1f} µs", mark=f"≤ {MOST_US:g} µs",
            met=reserve_us <= MOST_US,
        ),
    ]  # fmt: skip


def nights(place: str, n: int) -> dict[str, Any]:
    """Reserve three nights, the last beside a writer; then look customers up and reserve one contact each."""
    from nbatool.store.contact import Contact
    from nbatool.store.online import OnlineStore

    root, result = Path(place), dict[str, Any]()
    online = OnlineStore(root / "online.db")
    ledger = online.ledger
    for night in range(2):
        ledger.reserve_batch(f"night {night}", contacts_of(night, n), at_most_three)
    with a_writer_beside(root, result), timed(result):
        ledger.reserve_batch("night 2", contacts_of(2, n), at_most_three)
    ids = [name(k) for k in range(0, n, max(1, n // LOOKED_UP))]
    for _ in range(2):  # the second time what is read is in memory, as it is for a customer who is here
        result["read_us"] = median_us(lambda id_: ledger.of_customer(id_, 0), ids)
    with online.transaction():
        result["reserve_us"] = median_us(
            lambda id_: ledger.reserve(
                [Contact(id_, f"d_{id_}", 1, "offer 1", "email", ("promo",), 3 * DAY_US)]
            ),
            ids,
        )
    online.close()
    return result


def contacts_of(night: int, n: int) -> Iterator[Contact]:
    from nbatool.base.seeds import hash64
    from nbatool.store.contact import Contact

    for k in range(n):
        action = (7 * k + night) % 20
        yield Contact(
            name(k), f"d_{hash64(k, night):016x}", 1, f"offer {action}", ("email", "sms")[action % 2], ("promo",),
            night * DAY_US, f"night {night}",
        )  # fmt: skip


def name(k: int) -> str:
    return f"customer-{k:09d}"


def at_most_three(asked: Sequence[Contact], held: HeldRows) -> list[bool]:
    have: dict[str, int] = {}
    for customer, counts in zip(held.customer_ids, held.counts(3 * DAY_US, 3 * DAY_US).tolist(), strict=True):
        have[customer] = have.get(customer, 0) + counts
    return [have.get(contact.customer_id, 0) < 3 for contact in asked]


def median_us(look_up: Callable[[str], object], ids: Sequence[str]) -> float:
    took_us = []
    for id_ in ids:
        started = time.perf_counter_ns()
        look_up(id_)
        took_us.append((time.perf_counter_ns() - started) / 1000)
    return summary(took_us)["p50"]
