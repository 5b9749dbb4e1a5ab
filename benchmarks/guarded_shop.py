"""A scored shop again with guardrails of every kind about one customer, and how long commits take in it."""

from __future__ import annotations

import shutil
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.runs import child
from benchmarks.shops import Shops

if TYPE_CHECKING:
    from nbatool.decide.live import LiveService

CAP, WINDOW = 4, "7d"
CAPS = f"""
[guardrails]
max_contacts = [ {{ limit = {CAP}, window = "{WINDOW}" }}, {{ channel = "email", limit = 2, window = "{WINDOW}" }} ]
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


class Commits:
    """Stands before the connection of a service, and counts the time its commits take."""

    def __init__(self, service: LiveService) -> None:
        connection = service._online._connection
        self._con: sqlite3.Connection = connection._con
        self.passed_ns = self.worked_ns = 0
        vars(connection)["_con"] = self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._con, name)

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if sql != "commit":
            return self._con.execute(sql, *values)
        passed, worked = time.perf_counter_ns(), time.thread_time_ns()
        found = self._con.execute(sql)
        self.passed_ns += time.perf_counter_ns() - passed
        self.worked_ns += time.thread_time_ns() - worked
        return found
