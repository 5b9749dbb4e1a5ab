"""Who may be contacted on which channel: the newest word said before a moment, by a consent record or an unsubscribe event.

What a customer said of a channel is kept as one whole number, its *mark*: twice the time in µs since 1970, plus 1 for
an opt-out. So the greatest mark is the newest word, and of two said at one time the opt-out. The night takes the greatest
in SQL, a live decision takes it again with what happened since; nothing else is needed for both to answer the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

IN, OUT, UNKNOWN = 1, 0, -1
"""What a customer said of a channel."""
EVERY_CHANNEL: Final = "*"
"""In the place of a channel: a word about all of them, as an unsubscribe event without a channel is."""
AT_ONCE: Final = "+"
"""Joins the channels of a message that goes out on all of them."""

Marks = Mapping[str, int]
"""Channel → mark, of one customer."""


@dataclass(frozen=True)
class ConsentAt:
    """What was known of consent at n moments.

    Parameters
    ----------
    n_moments
        n.
    moment, channel, mark
        (k,) which of the n, which of the names was spoken of, and its mark; each pair of the first two once.
    names
        Channels, and `EVERY_CHANNEL`.
    """

    n_moments: int
    moment: NDArray[np.int64]
    channel: NDArray[np.int64]
    mark: NDArray[np.int64]
    names: Sequence[str]

    def states(self, channels: Sequence[str]) -> NDArray[np.int8]:
        """Return (n, n_channels) of `IN`, `OUT`, `UNKNOWN` for single channels."""
        newest = np.full((self.n_moments, len(channels)), _NEVER_SAID, dtype=np.int64)
        for code, name in enumerate(self.names):
            concerned = [j for j, asked in enumerate(channels) if name in (asked, EVERY_CHANNEL)]
            rows = np.flatnonzero(self.channel == code) if concerned else ()
            for j in concerned:
                moment = self.moment[rows]
                newest[moment, j] = np.maximum(newest[moment, j], self.mark[rows])
        said = np.where(newest & 1 == 1, OUT, IN)
        return np.where(newest == _NEVER_SAID, UNKNOWN, said).astype(np.int8)

    def marks(self) -> list[dict[str, int]]:
        """Return the marks of each moment's customer, (n,), as a state keeps them."""
        found: list[dict[str, int]] = [{} for _ in range(self.n_moments)]
        said = zip(self.moment.tolist(), self.channel.tolist(), self.mark.tolist(), strict=True)
        for moment, channel, mark in said:
            found[moment][self.names[channel]] = mark
        return found


_NEVER_SAID: Final = np.iinfo(np.int64).min


def make_consent(con: duckdb.DuckDBPyConnection, unsubscribes: Sequence[str]) -> None:
    """Make the temp table ``consent_marks`` of the moments now in ``moments``.

    Parameters
    ----------
    unsubscribes
        Event types that are an opt-out: those of ``[roles] unsubscribe``.
    """
    con.execute(statement("profile/create_consent_marks"), {"unsubscribes": list(unsubscribes)}).fetchall()


def read_consent(con: duckdb.DuckDBPyConnection, first: int, last: int) -> ConsentAt:
    """Return what was known at the moments ``first <= moment < last``; call `make_consent` before."""
    from nbatool.store.arrow import fetch_arrow

    found = fetch_arrow(con, statement("profile/read_consent_marks"), {"first": first, "last": last})
    encoded = found["channel"].combine_chunks().dictionary_encode()
    return ConsentAt(
        last - first,
        found["moment"].to_numpy() - first,
        encoded.indices.to_numpy().astype(np.int64),
        found["mark"].to_numpy(),
        encoded.dictionary.to_pylist(),
    )


def state_of(marks: Marks, channel: str) -> int:
    """Return what a customer said of one channel.

    >>> marks = with_opt_out({"email": 2 * 1000}, None, 900)
    >>> [state_of(marks, channel) for channel in ("email", "sms")], state_of({}, "sms")
    ([1, 0], -1)
    """
    newest = max(marks.get(channel, _NEVER_SAID), marks.get(EVERY_CHANNEL, _NEVER_SAID))
    if newest == _NEVER_SAID:
        return UNKNOWN
    return OUT if newest & 1 else IN


def with_opt_out(marks: Marks, channel: str | None, ts_us: int) -> dict[str, int]:
    """Return a customer's marks after an unsubscribe event; without a channel it is about all of them."""
    after, mark = dict(marks), 2 * ts_us + 1
    for name in ((channel or "").strip(" ") or EVERY_CHANNEL).split(AT_ONCE):
        after[name] = max(after.get(name, mark), mark)
    return after


def after_events(
    marks: Marks, events: Iterable[tuple[str, str | None, int]], unsubscribes: frozenset[str], as_of_us: int
) -> Marks:
    """Return a customer's marks with what happened since the state; an event may come again.

    Parameters
    ----------
    events
        (type, channel, µs since 1970) in any order.
    as_of_us
        Only what happened before it counts.
    """
    for kind, channel, ts_us in events:
        if kind in unsubscribes and ts_us < as_of_us:
            marks = with_opt_out(marks, channel, ts_us)
    return marks


def consent_channels(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return the channels that consent records speak of, and in how many: to say which of them no action has."""
    return dict(con.execute(statement("profile/consent_channels")).fetchall())
