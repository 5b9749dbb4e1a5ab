"""What was last said of a contact: one rule for learning, judging, exporting and counting."""

from __future__ import annotations

import duckdb
import pytest

from nbatool.store.sql import statement

SAID = {
    "sent": [("sent", "2024-01-01")],
    "released after": [("sent", "2024-01-01"), ("released", "2024-01-02")],
    "sent after": [("released", "2024-01-01"), ("sent", "2024-01-02")],
    "at one instant": [("sent", "2024-01-01"), ("released", "2024-01-01")],
    "one without a time": [("sent", None), ("released", "2024-01-01")],
    "its wait ended after": [("released", "2024-01-01"), ("expired", "2024-01-04")],
    "nothing in time": [("expired", "2024-01-04")],
}
LAST = {
    "sent": ("sent", False), "released after": ("released", False), "sent after": ("sent", False),
    "at one instant": ("released", False), "one without a time": ("released", False),
    "its wait ended after": ("released", True), "nothing in time": (None, True),
}  # fmt: skip


@pytest.mark.parametrize("backwards", [False, True])
def test_the_last_word_counts_whatever_the_order(backwards: bool) -> None:
    con = duckdb.connect()
    for name in ("contact_states", "contact_said"):
        con.execute(statement(f"store/create_{name}"))
    rows = [(who, status, ts) for who, words in SAID.items() for status, ts in words]
    con.executemany("insert into contact_states values (?, ?, ?)", rows[::-1] if backwards else rows)
    found = con.execute("select decision_id, status, has_expired from contact_said").fetchall()
    assert {who: (status, expired) for who, status, expired in found} == LAST
