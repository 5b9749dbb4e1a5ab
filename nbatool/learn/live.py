"""``nbatool learn -`` as a service: lines in, verdicts out, each kept before its verdict leaves; no warehouse, no DuckDB.

Several lines that wait together share a transaction. Before they are taken, some of the windows that are due are closed; at the end all.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from nbatool.base.clock import now_us, parse_time
from nbatool.base.errors import DataError, NbaError
from nbatool.base.next_step import command_for
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.learn.answer_line import named_decision, parse_answer
from nbatool.learn.answers import Answers, DecisionLookup
from nbatool.learn.close import Closed, LiveClosing
from nbatool.models.lessons import LivePosterior
from nbatool.store.online import OnlineStore, Published
from nbatool.store.state import StateReader

Json = dict[str, Any]
META_KEY = "learning"
"""Under which the state in force publishes the terms of outcomes."""


class AnswerService:
    """Takes answers to one workspace's decisions.

    Parameters
    ----------
    data_dir
        The workspace's data folder.
    as_of
        Stands in for the present; a time without an offset is the workspace's.

    Raises
    ------
    DataError
        Nothing was published yet.
    """

    def __init__(self, data_dir: Path, *, as_of: str | None = None) -> None:
        if not (data_dir / "online.db").exists():
            raise _unpublished(data_dir)
        self._data_dir = data_dir
        self._as_of = as_of
        self._online = OnlineStore(data_dir / "online.db")
        self._lookup = DecisionLookup(self._online, data_dir)
        self._published: Published | None = None
        self.closed = Closed()
        try:
            self._load()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._lookup.close()
        self._online.close()

    def take(self, lines: Sequence[bytes], first_line: int) -> list[Json]:
        """Keep what the lines say, together; return a verdict or an error for each.

        Parameters
        ----------
        first_line
            Number of the first of them in the stream, from 1.
        """
        self._load()
        present_us = self._present_us()
        # Some, not all: whoever answers does not wait for windows that ended while nobody was here.
        self.closed.add(self._closing.close_some(present_us) or Closed())
        with self._online.transaction():
            # Within it no night comes or goes.
            self._lookup.refresh()
            return [
                self._take(line, number, present_us)
                for number, line in enumerate(lines, start=first_line)
                if line.strip()
            ]

    def finish(self) -> None:
        """Close what became due while the stream was read."""
        self._load()
        self.closed.add(self._closing.close_due(self._present_us()))

    def _take(self, line: bytes, number: int, present_us: int) -> Json:
        try:
            said = parse_answer(line)
            return {"decision_id": said.decision_id, "status": self._answers.take(said, present_us)}
        except NbaError as error:
            failure: Json = {"code": "bad_request", "line": number}
            named = named_decision(line)
            if named is not None:
                failure["decision_id"] = str(named)
            return {"error": {**failure, "message": str(error)}}

    def _load(self) -> None:
        """Read the terms anew when something else was published."""
        published = self._online.published()
        if published is None:
            raise _unpublished(self._data_dir)
        if published == self._published:
            return
        terms, self._clock_runs = read_terms(self._data_dir, published)
        self._answers = Answers(
            self._online, self._lookup, terms, clock_runs=self._clock_runs and self._as_of is None
        )
        self._as_of_us = None if self._as_of is None else parse_time(self._as_of, terms.zone)
        learner = LivePosterior(self._online, terms.half_life_s)
        self._closing = LiveClosing(self._online, terms, learner)
        self._published = published

    def _present_us(self) -> int:
        assert self._published is not None
        if self._as_of_us is not None:
            return self._as_of_us
        return now_us() if self._clock_runs else self._published.cut_us


def read_terms(data_dir: Path, published: Published) -> tuple[OutcomeTerms, bool]:
    """Return what counts as an outcome, and whether the present of live questions is now, as published."""
    reader = StateReader(data_dir / published.state)
    try:
        raw = reader.meta.get(META_KEY)
        if raw is None:
            raise DataError(
                f"{data_dir / published.state} says nothing about outcomes: it is of an earlier version. "
                f"Publish again: {command_for(data_dir.parent)} score"
            )
        return OutcomeTerms.from_json(msgspec.json.decode(raw)), bool(
            msgspec.json.decode(reader.meta["clock_runs"])
        )
    finally:
        reader.close()


def _unpublished(data_dir: Path) -> DataError:
    return DataError(
        f"{data_dir} has no published state yet, so there are no decisions to answer. "
        f"Make them: {command_for(data_dir.parent)} score"
    )
