"""Suppressions: what must not go out for a while, to one customer or to everybody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from nbatool.store.online_connection import OnlineConnection

NO_END_US = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Suppression:
    """What must not go out: everything all the named parts are true of; None names nothing.

    Parameters
    ----------
    id
        A number no other suppression ever gets.
    until_us
        First instant it no longer holds, µs since 1970; None: until it is removed.
    who
        Who asked for it.
    """

    id: int
    customer_id: str | None
    action: str | None
    tag: str | None
    channel: str | None
    until_us: int | None
    reason: str
    who: str
    made_us: int

    def holds_for(self, customer_id: str | None, present_us: int) -> bool:
        """Whether it holds for a customer at a time; None is a visitor nobody knows."""
        for_them = self.customer_id is None or self.customer_id == customer_id
        return for_them and (self.until_us is None or self.until_us > present_us)


class Suppressions:
    """The suppressions, in force from the transaction that adds them."""

    def __init__(self, online: OnlineConnection) -> None:
        self._online = online

    def add(
        self, *, reason: str, who: str, made_us: int, customer_id: str | None = None, action: str | None = None,
        tag: str | None = None, channel: str | None = None, until_us: int | None = None,
    ) -> Suppression:  # fmt: skip
        """Add a suppression; return the one that stands, which is the earlier one where one says the same."""
        same = {
            "customer_id": customer_id or "", "action": action or "", "tag": tag or "", "channel": channel or "",
            "until_us": NO_END_US if until_us is None else until_us, "reason": reason,
        }  # fmt: skip
        with self._online.transaction():
            self._online.change("add_suppression", {**same, "who": who, "made_us": made_us})
            return _suppression(self._online.rows("find_suppression", **same)[0])

    def remove(self, suppression_id: int) -> bool:
        """Remove a suppression; say whether there was one of this id."""
        with self._online.transaction():
            return self._online.change("remove_suppression", {"id": suppression_id}) == 1

    def all(self, present_us: int) -> list[Suppression]:
        """Return those that hold at a time, oldest first."""
        return [_suppression(row) for row in self._online.rows("suppressions", present_us=present_us)]

    def of_customers(self, customer_ids: Iterable[str], present_us: int) -> list[Suppression]:
        """Return those that hold for any of several customers, those for everybody among them, oldest first.

        Ids have no NUL, as those of requests: SQLite's JSON ends a text there.
        """
        asked = msgspec.json.encode(list(set(customer_ids))).decode()
        rows = self._online.rows("suppressions_of_customers", customer_ids=asked, present_us=present_us)
        return [_suppression(row) for row in rows]

    def sweep(self, before_us: int) -> int:
        """Forget those that ended before a time; return how many."""
        with self._online.transaction():
            return self._online.change("forget_suppressions", {"before_us": before_us})


def _suppression(row: Any) -> Suppression:
    id_, customer_id, action, tag, channel, until_us, reason, who, made_us = row
    end_us = None if until_us == NO_END_US else until_us
    return Suppression(
        id_, customer_id or None, action or None, tag or None, channel or None, end_us, reason, who, made_us
    )
