"""Applying answers to decisions: each is kept once, told what became of it, and counts when its window closes.

An answer that belongs to no known decision is kept: the decision may come later by a file.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nbatool.base.clock import US_PER_S, format_time
from nbatool.base.errors import DataError
from nbatool.base.records import NOTHING
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.learn.answer_line import Said
from nbatool.store.answer_journal import Answer
from nbatool.store.closing import Mark
from nbatool.store.decision_record import Choice
from nbatool.store.night_decisions import NightReader
from nbatool.store.online import OnlineStore
from nbatool.store.reviews import APPROVED, REJECTED, Word

MOST_AHEAD_US = 300 * US_PER_S
MOST_OPEN_NIGHTS = 64


@dataclass(frozen=True, slots=True)
class Known:
    """A decision somebody answers to.

    Parameters
    ----------
    live
        It was answered to a caller, and counts as sent until released.
    closed
        Its window was closed: nothing that is said counts any more.
    over
        No outcome counts any more, but its contact may still be confirmed or released.
    word
        What a person said of it, or shall say; None: nobody was asked. Its window begins when it goes out.
    """

    choice: Choice
    live: bool
    closed: bool
    over: bool = False
    word: Word | None = None

    @property
    def waits(self) -> bool:
        """Whether its contact waits for a person, or was rejected: nothing can come of it."""
        return self.word is not None and self.word.at_us is None

    @property
    def began_us(self) -> int:
        """When its outcome window begins; with the decision where nobody was asked."""
        out_us = None if self.word is None else self.word.at_us
        return self.choice.as_of_us if out_us is None else out_us

    @property
    def planned_us(self) -> int:
        """When its contact was planned, with the night whose file it is in: from then on it may be confirmed or released.

        Like any contact of that night it may go out a little before it was to, the send time being what was asked for.
        """
        night_us = None if self.word is None else self.word.out_as_of_us
        return self.choice.as_of_us if night_us is None else night_us

    @property
    def closes_us(self) -> int:
        """When its window closes."""
        return self.choice.closes_us + self.began_us - self.choice.as_of_us


class DecisionLookup:
    """Finds decisions by id: live ones in the journal, those of the nights in their files.

    The list of nights, and how far windows were closed, is read once, until :meth:`refresh`: the caller holds a lock under
    which it stays as it is.

    Parameters
    ----------
    online
        The online store.
    data_dir
        Where the nights' files are.
    """

    def __init__(self, online: OnlineStore, data_dir: Path) -> None:
        self._online, self._data_dir = online, data_dir
        self._files: dict[int, str] | None = None
        self._mark: Mark | None = None
        # In the order of their last hit; what was opened for nothing is the first to be closed.
        self._readers: OrderedDict[str, NightReader] = OrderedDict()

    def find(self, decision_id: str, as_of_us: int | None = None) -> Known | None:
        """Return a decision; None where it is not known here.

        Parameters
        ----------
        as_of_us
            Its moment where the caller knows it, µs since 1970: then one night's file is asked instead of all.
        """
        found = self._online.decisions.look_up(decision_id)
        if found is not None:
            return Known(found.decision.choice(), live=True, closed=found.closed_us is not None)
        choice = self._nightly(decision_id, as_of_us)
        return None if choice is None else self._of_a_night(choice)

    def choice(self, decision_id: str, slot: int = 1, as_of_us: int | None = None) -> Choice | None:
        """Return what a place of a decision got; None where the decision, or the place, is not known here."""
        if slot == 1:
            found = self._online.decisions.look_up(decision_id)
            return self._nightly(decision_id, as_of_us) if found is None else found.decision.choice()
        decision = self._online.decision(decision_id)
        return None if decision is None or slot > len(decision.slots) else decision.choice(slot)

    def refresh(self) -> None:
        """Read the list of nights, and how far windows were closed, anew at the next lookup."""
        self._files = self._mark = None

    def close(self) -> None:
        self.refresh()
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def _nightly(self, decision_id: str, as_of_us: int | None) -> Choice | None:
        for file in self._asked(as_of_us):
            choice = self._reader(file).choice(decision_id)
            if choice is not None:
                self._readers.move_to_end(file)
                return choice
        return None

    def _of_a_night(self, choice: Choice) -> Known:
        """Return a night's decision: its whole night is closed, or those of it that wait for nothing."""
        if self._mark is None:
            self._mark = self._online.closing.mark()
        known = Known(choice, False, False, word=self._online.reviews.word(choice.decision_id))
        if known.waits:
            return known
        over = known.began_us <= self._mark.closed_us
        closed = over and (
            choice.action_id == NOTHING
            or known.began_us <= self._mark.settled_us
            or self._online.closing.has_contact(choice.decision_id)
        )
        return replace(known, closed=closed, over=over)

    def _asked(self, as_of_us: int | None) -> list[str]:
        """Return the files a decision may be in: of one moment there is one, else those hit last first."""
        if self._files is None:
            self._files = {night.as_of_us: night.file for night in self._online.nights.all()}
        if as_of_us is not None:
            return [self._files[as_of_us]] if as_of_us in self._files else []
        listed = dict.fromkeys(self._files.values())
        opened = [file for file in reversed(self._readers) if file in listed]
        return list(dict.fromkeys([*opened, *listed]))

    def _reader(self, file: str) -> NightReader:
        if file not in self._readers:
            reader = NightReader(self._data_dir / file)
            if len(self._readers) >= MOST_OPEN_NIGHTS:
                self._readers.popitem(last=False)[1].close()
            self._readers[file] = reader
            self._readers.move_to_end(file, last=False)
        return self._readers[file]


class Answers:
    """Takes answers for one workspace.

    Parameters
    ----------
    online
        The online store; the caller holds a transaction around each :meth:`take`.
    lookup
        Where decisions are found.
    terms
        What counts as an outcome.
    clock_runs
        False for a workspace of old data, whose present stands still: answers may then lie any time ahead.
    """

    def __init__(
        self, online: OnlineStore, lookup: DecisionLookup, terms: OutcomeTerms, *, clock_runs: bool = True
    ) -> None:
        self._online, self._lookup, self._terms = online, lookup, terms
        self._clock_runs = clock_runs

    def take(self, said: Said, present_us: int) -> str:
        """Keep one answer; return what its sender is told.

        Returns
        -------
        str
            credited (it counts when the window closes), late (kept, counts for nothing), duplicate, unknown (kept),
            confirmed or released.

        Raises
        ------
        DataError
            It lies before its decision or ahead of now, or names no objective, or its contact did not go out yet.
        """
        known = self._lookup.find(said.decision_id)
        if known is not None and known.waits:
            _check_waiting(said, known)
        ts_us = self._time(said, known, present_us)
        objective = "" if said.value is None else self._terms.objective(said.objective).name
        told = None
        if said.status is not None:
            told = self._keep_status(said.decision_id, said.status, known, ts_us, present_us)
        if said.value is not None:
            verdict = self._verdict(known, objective, ts_us, present_us)
            key = said.outcome_key(objective)
            told = self._keep(
                Answer(said.decision_id, key, objective, said.value, "", ts_us, present_us, verdict)
            )
        assert told is not None
        return told

    def _time(self, said: Said, known: Known | None, present_us: int) -> int:
        began_us = None
        if known is not None:
            began_us = known.planned_us if said.value is None else known.began_us
        if said.ts_us is None:
            return present_us if began_us is None else max(present_us, began_us)
        if self._clock_runs and said.ts_us > present_us + MOST_AHEAD_US:
            raise DataError(
                f"ts {format_time(said.ts_us)} is more than 5 minutes ahead of now, {format_time(present_us)}"
            )
        if known is not None and began_us is not None and said.ts_us < began_us:
            what = "its contact went out"
            if began_us == known.choice.as_of_us:
                what = "the decision"
            elif said.value is None:
                what = "the night its contact went out with"
            raise DataError(
                f"ts {format_time(said.ts_us)} lies before {what}, {format_time(began_us)}: "
                "what happened before cannot come of it"
            )
        return said.ts_us

    def _keep(self, answer: Answer) -> str:
        if answer.status:
            # However late it is told and whoever decided it: a message that went out counts for caps.
            self._online.ledger.mark(answer.decision_id, answer.status, answer.ts_us)
        return answer.told if self._online.answers.add(answer) else "duplicate"

    def _verdict(self, known: Known | None, objective: str, ts_us: int, present_us: int) -> str:
        if known is None:
            return "unknown"
        if known.waits:
            return "released"
        if known.closed or known.over or present_us >= known.closes_us:
            return "late"
        if not self._terms.in_window(objective, known.began_us, ts_us):
            return "late"
        said = self._online.answers.of_decision(known.choice.decision_id)
        return "released" if last_status(said) == "released" else "credited"

    def _keep_status(
        self, decision_id: str, status: str, known: Known | None, ts_us: int, present_us: int
    ) -> str:
        told = "confirmed" if status == "sent" else "released"
        if known is None:
            told = "unknown"
        elif not known.waits:
            over_us = known.closes_us
            expires_us = known.began_us + self._terms.unconfirmed_after_s * US_PER_S
            if not known.live:
                # Where windows are shorter, they wait for confirmations.
                over_us = max(over_us, expires_us)
            expired = not known.live and status == "sent" and ts_us >= expires_us
            if known.closed or present_us >= over_us or expired:
                told = "late"
        return self._keep(Answer(decision_id, "", "", None, status, ts_us, present_us, told))


def _check_waiting(said: Said, known: Known) -> None:
    """Refuse what cannot be said of a contact that did not go out; that it will not is no surprise.

    Raises
    ------
    DataError
        Somebody says that it went out, or what came of it.
    """
    state = "" if known.word is None else known.word.state
    if said.status != "sent" and (said.value is None or state == REJECTED):
        return
    name = said.decision_id
    if state == REJECTED:
        raise DataError(f"{name} was rejected in review and did not go out, so it cannot be sent")
    then = (
        "it goes out with the next: nbatool score" if state == APPROVED else f"nbatool review approve {name}"
    )
    raise DataError(
        f"{name} waits for review and is in no action file yet, so nothing can have come of it. "
        f"Let it go out first: {then}"
    )


def last_status(answers: Sequence[Answer]) -> str | None:
    """Return what was last said of a contact in time, "sent" or "released"; None where nothing was."""
    said = [a for a in answers if a.status and a.told != "late"]
    # At one instant the more careful one counts: what was not sent teaches nothing.
    return max(said, key=lambda a: (a.ts_us, a.status == "released")).status if said else None
