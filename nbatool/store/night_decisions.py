"""The night's decisions, in one SQLite file beside the state: what an answer to one of them needs, and no more.

They never lie in ``online.db``, where a million rows would hold up its writers. The file is written beside its final
name, brought to the disk bit by bit, and renamed; it never changes afterwards. Everything else about these decisions
is in the warehouse, or made again by a replay.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from nbatool.base.errors import DataError
from nbatool.store.decision_record import Candidate, Choice
from nbatool.store.durable import flush_to_disk
from nbatool.store.sql import statement
from nbatool.store.written_once import written_once

FLUSH_BYTES = 8 << 20


class NightTerms(msgspec.Struct, frozen=True):
    """What all decisions of a night have in common; ``candidates`` with `nothing` last."""

    as_of_us: int
    closes_us: int
    seed: int
    model_version: str
    candidates: list[Candidate]
    believed: bool = False
    """Whether rows say what was believed; older files do not."""
    chances: bool = False
    """Whether rows say with what chance, and in which arm; older files do not."""
    says_why: bool = False
    """Whether the file says why contacts were taken out; older files do not."""


@dataclass(frozen=True)
class NightChances:
    """In which arm (its number) n choices were made, and their chances within it and over all arms; (n,) each."""

    arm: NDArray[np.int8]
    in_arm: NDArray[np.float64]
    overall: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Logged:
    """What the log says of one decision: what was chosen and, where the file says so, in which arm and how likely.

    Parameters
    ----------
    chosen
        The candidate by its number in `NightTerms.candidates`.
    foreseen
        What was expected of it in all, in currency; None where that is not known.
    chances
        (number of the arm, chance within it, chance over all arms); None in an older file.
    """

    chosen: int
    foreseen: float | None
    chances: tuple[int, float, float] | None


@dataclass(frozen=True)
class NightChunk:
    """Decisions of ``n`` customers.

    Parameters
    ----------
    decision_id
        (n,) ids, each once in a night.
    chosen
        (n,) index of the candidate chosen.
    expected
        (n,) its expected outcome in currency, NaN where unknown.
    phi
        (n, d) the context the fast learner sees; d = 0 where there is none. Kept with seven digits.
    believed
        (n,) expected with what had been learned since the models were trained; None: the same as ``expected``.
    chances
        How likely the choices were; None: not told.
    taken_out
        Row → why the contact drawn for it is not made, in words.
    """

    decision_id: Sequence[str]
    chosen: NDArray[np.int64]
    expected: NDArray[np.float64]
    phi: NDArray[np.float64]
    believed: NDArray[np.float64] | None = None
    chances: NightChances | None = None
    taken_out: Mapping[int, str] = field(default_factory=dict)


def night_file(state: str) -> str:
    """Name the file of the decisions that were made with a state.

    >>> night_file("state-0a.db")
    'decisions-0a.db'
    """
    return "decisions-" + state.removeprefix("state-")


class NightWriter:
    """Writes the decisions of one night, chunk by chunk."""

    def __init__(self, con: sqlite3.Connection, path: Path) -> None:
        self._con, self._path = con, path
        self._waiting = 0
        self.decisions = 0

    def add(self, chunk: NightChunk) -> None:
        """Write a chunk; ids that were written before raise."""
        n, d = chunk.phi.shape
        rows = np.empty(n, dtype=_row(d, believed=True, chances=True))
        rows["chosen"], rows["phi"] = chunk.chosen, chunk.phi
        rows["expected"] = chunk.expected
        rows["believed"] = chunk.expected if chunk.believed is None else chunk.believed
        said = chunk.chances
        rows["arm"] = 0 if said is None else said.arm
        rows["in_arm"] = np.nan if said is None else said.in_arm
        rows["overall"] = np.nan if said is None else said.overall
        raw, size = rows.tobytes(), rows.dtype.itemsize
        bodies = (raw[at : at + size] for at in range(0, n * size, size))
        self._con.executemany(statement("store/night_insert"), zip(chunk.decision_id, bodies, strict=True))
        why = ((chunk.decision_id[row], words) for row, words in chunk.taken_out.items())
        self._con.executemany(statement("store/night_insert_taken_out"), why)
        self.decisions += n
        self._waiting += len(raw)
        if self._waiting >= FLUSH_BYTES:
            flush_to_disk(self._path)
            self._waiting = 0


def _row(d: int, *, believed: bool, chances: bool) -> np.dtype[np.void]:
    known = [("believed", "<f8")] if believed else []
    likely = [("arm", "<u1"), ("in_arm", "<f8"), ("overall", "<f8")] if chances else []
    return np.dtype([("chosen", "<u2"), ("expected", "<f8"), *known, *likely, ("phi", "<f4", (d,))])


def _known(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)


@contextmanager
def write_night(path: Path, terms: NightTerms) -> Iterator[NightWriter]:
    """Write a night's decisions; the file appears under its name only when the block ends well."""
    with written_once(path, "cache_size = -65536") as (con, temporary):
        con.execute(statement("store/night_create_terms"))
        con.execute(statement("store/night_create_decision"))
        con.execute(statement("store/night_create_taken_out"))
        said = replace(terms, believed=True, chances=True, says_why=True)
        con.execute(statement("store/night_insert_terms"), (msgspec.json.encode(said),))
        yield NightWriter(con, temporary)


class NightReader:
    """Reads the decisions of one night; the file never changes.

    Raises
    ------
    DataError
        The file is missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise DataError(f"{path} is missing: outcomes of its decisions wait for nbatool learn")
        self._path = path
        self._con = sqlite3.connect(
            f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        try:
            raw = self._con.execute(statement("store/night_read_terms")).fetchone()
            self.terms = msgspec.json.decode(raw[0], type=NightTerms)
        except (sqlite3.Error, msgspec.DecodeError, TypeError) as error:
            raise self._damaged(error) from None

    def choice(self, decision_id: str) -> Choice | None:
        """Return what was chosen, None for a decision of another night."""
        row = self._row(decision_id)
        if row is None:
            return None
        action_id, channel = self.terms.candidates[int(row["chosen"])]
        return Choice(
            decision_id, self.terms.as_of_us, self.terms.closes_us, self.terms.model_version, action_id, channel,
            _known(row["expected"]), row["phi"].astype(np.float64),
            _known(row["believed"]) if self.terms.believed else None,
        )  # fmt: skip

    def logged(self, decision_id: str) -> Logged | None:
        """Return what the log says of a decision, None for one of another night."""
        row = self._row(decision_id)
        if row is None:
            return None
        chances = None
        if self.terms.chances and not np.isnan(row["overall"]):
            chances = (int(row["arm"]), float(row["in_arm"]), float(row["overall"]))
        foreseen = row["believed"] if self.terms.believed else row["expected"]
        return Logged(int(row["chosen"]), _known(foreseen), chances)

    def taken_out(self, decision_id: str) -> str | None:
        """Return why the contact drawn for a decision is not made; None where it is, or an older file does not say."""
        found = self._found("taken_out", decision_id) if self.terms.says_why else None
        return None if found is None else str(found[0])

    def _found(self, table: str, decision_id: str) -> tuple[Any, ...] | None:
        try:
            row = self._con.execute(statement(f"store/night_read_{table}"), (decision_id,)).fetchone()
        except sqlite3.Error as error:
            raise self._damaged(error) from None
        return None if row is None else tuple(row)

    def _row(self, decision_id: str) -> np.void | None:
        found = self._found("decision", decision_id)
        if found is None:
            return None
        believed, chances = self.terms.believed, self.terms.chances
        d, odd = divmod(len(found[0]) - _row(0, believed=believed, chances=chances).itemsize, 4)
        if d < 0 or odd:
            raise self._damaged(f"the row of {decision_id} has {len(found[0])} bytes")
        row: np.void = np.frombuffer(found[0], dtype=_row(d, believed=believed, chances=chances))[0]
        return row

    def close(self) -> None:
        self._con.close()

    def _damaged(self, error: object) -> DataError:
        return DataError(f"{self._path} is damaged ({error}): move it away, or score this night again")
