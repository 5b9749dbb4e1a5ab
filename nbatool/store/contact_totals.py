"""How many contacts count, by what they were of and by clock hour: sums over everybody that a live decision can afford.

The log keeps them in the transactions that change it. A reader holds them in memory and reads what is new to it: every
change has a number that rises, and rows are deleted under a number of their own, so that who missed it reads all anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from nbatool.store.contact import ContactKind
    from nbatool.store.online_connection import OnlineConnection

HOUR_US: Final = 3_600_000_000
BEFORE: Final = -(2**62)
"""The bucket of contacts that were swept: they count in what was made in all."""
LATER_US: Final = HOUR_US * 2**30
"""Whole hours that make every time positive, since SQLite's division rounds towards 0."""
EARLIEST: Final = BEFORE + 1
MOST_SUMS: Final = 32
ROOM: Final = 64
"""Hours there is room for beyond those in use, so that arrays seldom grow."""

Counted = tuple[int, int]
"""Key of a kind, and bucket."""
Ints = NDArray[np.int64]


def bucket_of(at_us: int) -> int:
    """Return the clock hour of a time, counted from 1970.

    >>> bucket_of(7_199_999_999), bucket_of(-1)
    (1, -1)
    """
    return at_us // HOUR_US


def add_to_totals(online: OnlineConnection, changes: Mapping[Counted, int]) -> None:
    """Count so many contacts more, in the caller's transaction."""
    rows = [{"kind": kind, "bucket": bucket, "n": n} for (kind, bucket), n in changes.items() if n]
    if rows:
        online.change("bump_contact_change", {})
    for row in rows:
        online.change("add_contact_total", row)


def forget_totals(online: OnlineConnection, before: int) -> None:
    """Delete the rows of hours before one in which nothing is left."""
    with online.transaction():
        if online.change("forget_contact_totals", {"bucket": before}):
            online.change("bump_contact_change", {})
            online.change("mark_contact_totals_gone", {})


class ContactTotals:
    """What counts, as last read.

    Parameters
    ----------
    online
        The store they are read from.
    kind_of
        What a key of `contact_kind` means.

    Attributes
    ----------
    kinds
        Of the rows of every answer, in the order they were first seen; it only grows.
    version
        Of this reader: equal numbers, equal totals.
    """

    def __init__(self, online: OnlineConnection, kind_of: Callable[[int], ContactKind]) -> None:
        self._online = online
        self._kind_of = kind_of
        self.kinds: list[ContactKind] = []
        self.version = 0
        self._read = self._sure = 0
        """Number of the last change read, and of the last read outside a transaction, which nothing can undo."""
        self._unsure: set[Counted] = set()
        """What was read inside a transaction: it may be undone."""
        self._row: dict[int, int] = {}
        self._before: list[int] = []
        self._first = 0
        self._n: Ints = np.zeros((0, 0), np.int64)
        self._sums: dict[int, Ints] = {}
        """By first hour: sums that were asked for, kept as counts change."""

    def refresh(self) -> bool:
        """Read what changed; say whether anything did."""
        found = self._online.rows("contact_change")
        seq, gone_at = found[0] if found else (0, 0)
        if seq == self._read and not self._unsure:
            return False
        if self._sure < gone_at:
            self._forget()
        again, unsure = self._unsure, self._online.in_transaction
        self._unsure = set()
        # What is read beyond `seq` is read once more the next time: counts are whole, not additions.
        for kind, bucket, n in self._online.rows("contact_totals_after", seq=self._sure):
            self._put(kind, bucket, n)
            again.discard((kind, bucket))
            if unsure:
                self._unsure.add((kind, bucket))
        for kind, bucket in again:  # a transaction that was undone had changed them
            rows = self._online.rows("contact_total", kind=kind, bucket=bucket)
            self._put(kind, bucket, rows[0][0] if rows else 0)
            if unsure:
                self._unsure.add((kind, bucket))
        self._read = seq
        if not unsure:
            self._sure = seq
        self.version += 1
        return True

    def since(self, bucket: int) -> Ints:
        """Return int64[n_kinds]: contacts that go out in this clock hour and later."""
        known = self._sums.get(bucket)
        if known is None:
            if len(self._sums) >= MOST_SUMS:
                self._sums.clear()
            known = self._sums[bucket] = self._n[:, max(bucket - self._first, 0) :].sum(axis=1)
        return known.copy()

    def ever(self) -> Ints:
        """Return int64[n_kinds]: all there ever were, but for what was given back."""
        return self.since(EARLIEST) + np.array(self._before, np.int64)

    def without(self, batch: str) -> ContactTotals:
        """Return them as they would be if a night gave back what nothing was said of; never refresh the result.

        A night that is scored again takes the place of these: they must not count against itself.
        """
        result = ContactTotals(self._online, self._kind_of)
        result.kinds, result._row = list(self.kinds), dict(self._row)
        result._before, result._first, result._n = list(self._before), self._first, self._n.copy()
        rows = self._online.rows("contact_totals_of_batch", batch=batch, hour_us=HOUR_US, later_us=LATER_US)
        for kind, bucket, n in rows:
            if kind in result._row:  # else it is newer than what was read
                row, column = result._row[kind], bucket - result._first
                if 0 <= column < result._n.shape[1]:
                    result._n[row, column] = max(result._n[row, column] - n, 0)
        return result

    def _forget(self) -> None:
        """Begin anew, but for the kinds."""
        self._before = [0] * len(self.kinds)
        self._n = np.zeros((len(self.kinds), 0), np.int64)
        self._sums.clear()
        self._unsure.clear()
        self._sure = 0

    def _put(self, kind: int, bucket: int, n: int) -> None:
        row = self._row.get(kind)
        if row is None:
            self.kinds.append(self._kind_of(kind))
            self._before.append(0)
            row = self._row[kind] = len(self.kinds) - 1
            self._n = np.concatenate([self._n, np.zeros((1, self._n.shape[1]), np.int64)])
            self._sums.clear()
        if bucket == BEFORE:
            self._before[row] = n
            return
        self._make_room(bucket)
        more = n - int(self._n[row, bucket - self._first])
        self._n[row, bucket - self._first] = n
        for first, known in self._sums.items():
            if bucket >= first:
                known[row] += more

    def _make_room(self, bucket: int) -> None:
        """Grow the array so that it has this hour."""
        rows, columns = self._n.shape
        if not columns:
            self._first = bucket
        earlier = max(self._first - bucket, 0)
        later = max(bucket + 1 - self._first - columns, 0)
        if earlier or later:
            room = ROOM if later else 0
            self._n = np.concatenate(
                [
                    np.zeros((rows, earlier), np.int64),
                    self._n,
                    np.zeros((rows, later + room), np.int64),
                ],
                axis=1,
            )
            self._first -= earlier
