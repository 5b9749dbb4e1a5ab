"""Which files hold the nights' decisions whose outcomes may still arrive."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nbatool.store.night_decisions import night_file
from nbatool.store.online_connection import OnlineConnection, columns


@dataclass(frozen=True, slots=True)
class Night:
    """A file of decisions beside ``online.db``; all are of one moment and close at one time (µs since 1970)."""

    file: str
    as_of_us: int
    closes_us: int
    seed: int
    decisions: int
    written_us: int


class Nights:
    """The list of files; a night decided again takes the earlier one's place."""

    def __init__(self, online: OnlineConnection) -> None:
        self._online = online

    def register(self, night: Night) -> None:
        """Put a finished file on the list; one of the same moment leaves it, as its decisions leave the log."""
        with self._online.transaction():
            self._online.change("replace_night", {"as_of_us": night.as_of_us})
            self._online.change("add_night", columns(night))

    def all(self) -> list[Night]:
        """Return the files, newest moment first."""
        return [Night(*row) for row in self._online.rows("nights")]

    def sweep(self, folder: Path, closed_before_us: int) -> int:
        """Forget nights that closed before a time, delete files not on the list; return how many were deleted.

        That of the state in force stays: whoever asks for its decisions is told what was decided.
        The list changes first: a kill in between leaves a file nobody reads, which the next sweep finds.
        """
        with self._online.transaction():
            self._online.change("forget_nights", {"closed_before_us": closed_before_us})
        keep = {night.file for night in self.all()}
        keep |= {night_file(row[0]) for row in self._online.rows("published")}
        gone = [path for path in folder.glob("decisions-*.db") if path.name not in keep]
        for path in gone:
            path.unlink(missing_ok=True)
        for path in folder.glob(".decisions-*.tmp"):
            path.unlink(missing_ok=True)
        return len(gone)
