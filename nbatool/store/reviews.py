"""The review queue of ``online.db``: decisions of the night that a person looks at before they go out."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

import msgspec

from nbatool.base.clock import format_time
from nbatool.base.errors import DataError
from nbatool.store.online_connection import OnlineConnection, columns

PENDING, APPROVED, REJECTED = "pending", "approved", "rejected"
STATES: Final = (PENDING, APPROVED, REJECTED)
MOST_AT_ONCE = 500
"""Rows a transaction writes: live decisions wait for it."""
PAUSE_S = 0.002
"""Between two such transactions, so that who waits finds the store free when it looks again."""
NO_END = -1
"""SQLite's word for no limit."""
MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Review:
    """A decision that a person looks at, and what they said.

    Parameters
    ----------
    slot
        The place of the decision it fills, from 1.
    as_of_us
        The moment of the night that decided it, µs since 1970.
    made_us
        When it was written.
    net_value
        In currency, as it was decided.
    reason
        Of the rule that matched.
    row
        The row of the action file it would have been, and goes out as.
    who, said_us, note
        Who approved or rejected it, when and why; "", None and "" while it waits.
    out_as_of_us
        The night whose action file it went out with; None: not yet.
    """

    decision_id: str
    customer_id: str
    slot: int
    action_id: str
    channel: str | None
    as_of_us: int
    made_us: int
    net_value: float | None
    reason: str
    row: Mapping[str, Any]
    state: str = PENDING
    who: str = ""
    said_us: int | None = None
    note: str = ""
    out_as_of_us: int | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """What was said of a decision, when its contact goes out, and the night it goes out with, µs since 1970.

    The times are None where it is not out.
    """

    state: str
    at_us: int | None
    out_as_of_us: int | None


class Reviews:
    """The decisions that wait for a person, and those a person has spoken about."""

    def __init__(self, online: OnlineConnection) -> None:
        self._online = online

    def put(self, rows: Iterable[Review]) -> None:
        """Let decisions wait, some at a time; one that waits already is replaced.

        A word stands as long as the decision is for the same action and channel. Where it no longer is, nobody has
        looked at it yet, and it waits again; one that went out stays as it went.
        """
        self._change("put_review", map(_parameters, rows))

    def replace_night(
        self, as_of_us: int, rows: Sequence[Review], known: Container[str] | None = None
    ) -> None:
        """Let the decisions of a night wait; those that an earlier run of the same night left waiting go.

        Parameters
        ----------
        known
            Decisions that somebody had spoken about when the night began, so that it left them as they were; None: all.

        Raises
        ------
        DataError
            Somebody spoke meanwhile about a decision that the night decided anew and that waits no more.
        """
        self.put(rows)
        kept = {row.decision_id for row in rows}
        with self._online.transaction():
            late = [] if known is None else [one for one in self.words_of(as_of_us) if one not in known]
            if spoken := [one for one in late if one not in kept]:
                raise DataError(_spoken_meanwhile(spoken))
            for (decision_id,) in self._online.rows("pending_of_night", as_of_us=as_of_us):
                if decision_id not in kept:
                    self._online.change("drop_pending_review", {"decision_id": decision_id})

    def pending(self, most: int | None = None) -> list[Review]:
        """Return what waits, newest night first, then what is worth most; at most so many."""
        return self.all(PENDING, most)

    def all(self, state: str | None = None, most: int | None = None) -> list[Review]:
        """Return those in a state, None for any; in the order of :meth:`pending`."""
        rows = self._online.rows("reviews", state=state or "", most=NO_END if most is None else most)
        return [_review(row) for row in rows]

    def counts(self) -> dict[str, int]:
        """Return how many are in each state."""
        return dict.fromkeys(STATES, 0) | dict(self._online.rows("count_reviews"))

    def find(self, said: str) -> Review:
        """Return the one of an id, or of the beginning of one.

        Raises
        ------
        DataError
            None begins so, or several do.
        """
        found = self._online.rows("find_reviews", prefix=said, most=MOST_NAMED + 1) if said else []
        if len(found) == 1 or (found and found[0][0] == said):
            return _review(found[0])
        if not found:
            raise DataError(f'no decision "{said}" in the review queue. nbatool review list shows what waits')
        named = ", ".join(row[0] for row in found[:MOST_NAMED]) + (", …" if len(found) > MOST_NAMED else "")
        raise DataError(f'several decisions begin with "{said}": {named}. Write more of the id')

    def word(self, decision_id: str) -> Word | None:
        """Return what was said of a decision; None for one that never waited for a person."""
        rows = self._online.rows("review_word", decision_id=decision_id)
        return Word(*rows[0]) if rows else None

    def waiting(self) -> int:
        """Return how many wait for a word, or for the next night since they got one."""
        return int(self._online.rows("count_waiting_reviews")[0][0])

    def not_out(self) -> dict[str, int]:
        """Return the decisions that wait for a word, or for the next night since they got one: the night of each."""
        return dict(self._online.rows("waiting_reviews"))

    def approve(self, decision_id: str, who: str, note: str, now_us: int) -> Review:
        """Let a decision go out with the next action file; said again, it changes nothing.

        Raises
        ------
        DataError
            It was rejected before, or is not in the queue.
        """
        return self._say(APPROVED, decision_id, who, note, now_us)

    def reject(self, decision_id: str, who: str, note: str, now_us: int) -> Review:
        """Keep a decision from going out; said again, it changes nothing.

        Raises
        ------
        DataError
            It was approved before, or is not in the queue.
        """
        return self._say(REJECTED, decision_id, who, note, now_us)

    def approved_for(self, as_of_us: int) -> list[Review]:
        """Return what goes out with the action file of a night: approved, and not out yet or out with this very one."""
        return [_review(row) for row in self._online.rows("approved_reviews", as_of_us=as_of_us)]

    def words_of(self, as_of_us: int) -> dict[str, tuple[str, int | None]]:
        """Return what was said of a night's decisions, and the night each went out with, None: not yet."""
        return {
            name: (state, out) for name, state, out in self._online.rows("words_of_night", as_of_us=as_of_us)
        }

    def mark_out(self, decision_ids: Iterable[str], as_of_us: int, file: str | None = None) -> int:
        """Keep which night approved decisions went out with, the first one; return how many are new.

        Parameters
        ----------
        file
            Under which name the action file waits to take its place; see :meth:`take_back`.
        """
        names, new = list(decision_ids), 0
        with self._online.transaction():
            for name in names:
                if self._online.change("mark_review_out", {"decision_id": name, "as_of_us": as_of_us}):
                    new += 1
                    if file is not None:
                        self._online.change("put_review_file", {"decision_id": name, "file": file})
        return new

    def take_back(self, never_stood: Callable[[str], bool]) -> int:
        """Let approved decisions go out again whose action file never took its place; return how many.

        Parameters
        ----------
        never_stood
            Whether the file of a temporary name is still there under it.
        """
        back, files = 0, self._online.rows("review_files")
        if not files:
            return 0
        with self._online.transaction():
            for (file,) in files:
                if never_stood(file):
                    back += self._online.change("take_back_reviews", {"file": file})
                self._online.change("forget_review_file", {"file": file})
        return back

    def sweep(self, before_us: int) -> int:
        """Forget those of nights before a time, but for approved ones still to go out; return how many."""
        with self._online.transaction():
            return self._online.change("forget_reviews", {"before_us": before_us})

    def _change(self, name: str, rows: Iterable[Mapping[str, object]]) -> int:
        """Change rows some at a time; return how many were changed."""
        left, changed = iter(rows), 0
        while chunk := list(islice(left, MOST_AT_ONCE)):
            changed += self._online.change_many(name, chunk)
            if len(chunk) == MOST_AT_ONCE:
                time.sleep(PAUSE_S)
        return changed

    def _say(self, state: str, decision_id: str, who: str, note: str, now_us: int) -> Review:
        with self._online.transaction():
            stands = self.find(decision_id)
            if stands.state == state:
                return stands
            if stands.state != PENDING:
                raise DataError(_contradiction(stands, state))
            word = {"state": state, "who": who, "said_us": now_us, "note": note}
            self._online.change("say_review", {"decision_id": stands.decision_id, **word})
            return replace(stands, state=state, who=who, said_us=now_us, note=note)


def _contradiction(stands: Review, state: str) -> str:
    when = "" if stands.said_us is None else f" at {format_time(stands.said_us)}"
    why = f" ({stands.note})" if stands.note else ""
    said = f"{stands.decision_id} cannot be {state}: {stands.who} {stands.state} it{when}{why}"
    if stands.out_as_of_us is not None:
        return f"{said}, and it went out with the action file of {format_time(stands.out_as_of_us)}"
    return f"{said}, and the first word stands. A later night decides anew"


def _spoken_meanwhile(spoken: Sequence[str]) -> str:
    named = ", ".join(spoken[:MOST_NAMED]) + (", …" if len(spoken) > MOST_NAMED else "")
    return (
        f"somebody approved or rejected {named} while this night was scored again, and it decided otherwise. No file was "
        "written. Run nbatool score again: what was said stands"
    )


def _parameters(row: Review) -> dict[str, object]:
    return columns(row) | {"row": msgspec.json.encode(row.row).decode()}


def _review(row: Sequence[Any]) -> Review:
    values = list(row)
    values[9] = msgspec.json.decode(values[9])
    return Review(*values)
