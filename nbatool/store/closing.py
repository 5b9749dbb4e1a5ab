"""Up to which decisions outcome windows were closed, for whoever answers without the warehouse.

The mark is set before the windows are closed: an answer that comes before it is in the warehouse when they are, one
that comes after it is told that it is late. A kill in between leaves windows that are over and will be closed next time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nbatool.store.online_connection import OnlineConnection, columns


@dataclass(frozen=True, slots=True)
class Mark:
    """How far windows were closed: moments of decisions, inclusive, µs since 1970.

    Parameters
    ----------
    closed_us
        Windows of decisions up to here are over, and closed unless their contact waits for a confirmation.
    settled_us
        Of those up to here none waits any more.
    """

    closed_us: int
    settled_us: int


NONE = Mark(-(2**62), -(2**62))


class Closing:
    """The mark, and the contacts closed beyond it, where others of their night wait."""

    def __init__(self, online: OnlineConnection) -> None:
        self._online = online

    def mark(self) -> Mark:
        """Return how far windows were closed."""
        rows = self._online.rows("closing")
        return Mark(*rows[0]) if rows else NONE

    def put(self, mark: Mark) -> None:
        """Move the mark on; it never goes back."""
        with self._online.transaction():
            self._online.change("put_closing", columns(mark))
            self._online.change("forget_closed_contacts", {"settled_us": self.mark().settled_us})

    def add_contacts(self, closed: Iterable[tuple[str, int]]) -> None:
        """Keep (id, moment) of closed contacts of nights of which others wait, together."""
        with self._online.transaction():
            for decision_id, as_of_us in closed:
                self._online.change("add_closed_contact", {"decision_id": decision_id, "as_of_us": as_of_us})

    def has_contact(self, decision_id: str) -> bool:
        """Whether a contact was closed while others of its night wait."""
        return bool(self._online.rows("has_closed_contact", decision_id=decision_id))
