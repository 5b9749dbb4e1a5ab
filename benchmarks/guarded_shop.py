"""A scored shop again with guardrails of every kind about one customer, and how long commits take in it."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.runs import child
from benchmarks.shops import Shops

CAP, EMAIL_CAP, WINDOW_DAYS = 4, 2, 7
WINDOW = f"{WINDOW_DAYS}d"
CAPS = f"""
[guardrails]
max_contacts = [ {{ limit = {CAP}, window = "{WINDOW}" }}, {{ channel = "email", limit = {EMAIL_CAP}, window = "{WINDOW}" }} ]
"""
EVERY_KIND = f"""{CAPS}
min_gap = {{ same_action = "1d", tags = {{ promo = "4h" }} }}
quiet_hours = [ {{ start = "21:00", end = "08:00", channels = ["email", "push"] }} ]
require_consent = ["push"]
reach = {{ email = "household_size >= 1" }}
suppress = [
  {{ when = "age > 90", reason = "elderly", channel = "web" }},
  {{ when = "count_purchase_30d > 50 and action.cost > 0.5", reason = "buys anyway" }},
]
"""
"""Written so that the present of the shop is not within quiet hours for all, and most customers may still be contacted."""


def guarded_shop(shops: Shops, customers: int, name: str, guardrails: str) -> Path:
    """A copy of a scored shop, scored again with these lines of nba.toml."""
    plain, to = shops.scored(customers), shops.root / name
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(plain, to, ignore=shutil.ignore_patterns("matrices", "online.db*", "state-*"))
    configuration = to / "nba.toml"
    configuration.write_text(configuration.read_text() + guardrails)
    child("shops:score", folder=str(to))
    return to


@dataclass
class Commits:
    """The time commits took of the connections that were opened while it was watching."""

    passed_ns: int = 0
    worked_ns: int = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        commits = self

        class Watched(sqlite3.Connection):
            def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
                if sql != "commit":
                    return super().execute(sql, *values)
                passed, worked = time.perf_counter_ns(), time.thread_time_ns()
                found = super().execute(sql)
                commits.passed_ns += time.perf_counter_ns() - passed
                commits.worked_ns += time.thread_time_ns() - worked
                return found

        with patch("sqlite3.connect", partial(sqlite3.connect, factory=Watched)):
            yield
