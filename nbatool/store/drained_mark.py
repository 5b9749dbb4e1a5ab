"""Up to where the journals of ``online.db`` were drained, as the file itself knows: an older copy of it knows less.

Positions alone do not tell: what happens live after an older copy was restored may be numbered beyond what the
warehouse has. A kill between the warehouse's commit and this mark looks like an older copy, too, as does a file of
before there was a mark: all that follows from it can be done twice.
"""

from __future__ import annotations

from nbatool.store.online_connection import OnlineConnection


class DrainedMark:
    """The mark of each journal, and whether one went back."""

    def __init__(self, online: OnlineConnection) -> None:
        self._online = online

    def position(self, journal: str) -> int:
        """Return up to where a journal was drained, 0 where that was not kept yet.

        Parameters
        ----------
        journal
            Its table.
        """
        rows = self._online.rows("drained", journal=journal)
        return int(rows[0][0]) if rows else 0

    def put(self, journal: str, position: int, *, went_back: bool) -> None:
        """Keep how far a journal was drained; that one went back stays known until contacts have been put back."""
        values = {"journal": journal, "position": position, "went_back": int(went_back)}
        self._online.change("put_drained", values)

    @property
    def went_back(self) -> bool:
        """Whether the warehouse had come further than a journal, and contacts have not been put back since."""
        return bool(self._online.rows("went_back")[0][0])

    def contacts_are_back(self) -> None:
        """Keep that what the warehouse knows of contacts has been put back."""
        self._online.change("clear_went_back", {})
