"""The decision log as it can be learned from and judged: decisions whose windows have closed, with their outcomes.

Own decisions carry the outcome with which their window was closed. Of imported ones the posted outcomes are added up
here; what events say is added to them, objective by objective, once the moments are prepared (`DecisionTable.brought`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import US_PER_S
from nbatool.base.records import NOTHING
from nbatool.features.choice import as_timestamp
from nbatool.features.labels import counted_types, outcomes
from nbatool.features.outcome_terms import unnamed_of
from nbatool.models.candidates import Candidate
from nbatool.models.table import BoolArray, FloatArray, IntArray
from nbatool.store.arrow import fetch_arrow
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

    from nbatool.features.outcome_terms import ObjectiveTerms
    from nbatool.models.lifetime_outcome import LaterValue

Texts = NDArray[np.object_]


@dataclass(frozen=True)
class DecisionTable:
    """n slots of closed decisions in the order (customer, time, decision, slot); arrays of shape (n,).

    Parameters
    ----------
    source
        Whose log it is of.
    customer_id
        Resolved ids; an anonymous visitor is a customer of their own.
    channel
        None for `nothing`, and where the log does not say.
    probability
        Overall chance of what was chosen, NaN where it was not logged.
    policy
        Who decided: source and logging policy.
    context
        JSON object of what the request said, or None.
    closed_outcome
        In currency, with which an own window was closed; NaN: to be made of what was posted and what events say.
    posted_count, posted_amount
        (n, n_objectives): how many outcomes were posted for each objective, and how much in currency, each clipped.
    candidate_sets
        Name of a list of candidates → the list.
    row
        Number of each in the temporary table ``logged``; -1 where it is not of the log.
    began_us
        When its outcome window begins: with the decision, or when a person let it go out.
    """

    con: duckdb.DuckDBPyConnection
    source: Texts
    customer_id: Texts
    is_anonymous: BoolArray
    as_of_us: IntArray
    action_id: Texts
    channel: Texts
    slot: IntArray
    probability: FloatArray
    policy: Texts
    arm: Texts
    context: Texts
    candidate_set: Texts
    closed_outcome: FloatArray
    posted_count: FloatArray
    posted_amount: FloatArray
    candidate_sets: dict[str, tuple[Candidate, ...]]
    row: IntArray
    began_us: IntArray

    def __len__(self) -> int:
        return len(self.as_of_us)

    @property
    def is_closed(self) -> BoolArray:
        """Whether a row's window was closed here with its whole outcome."""
        return ~np.isnan(self.closed_outcome)

    def brought(self, objectives: Sequence[ObjectiveTerms], later: LaterValue | None = None) -> FloatArray:
        """Return the outcome of each row, (n,) in currency; its moments and what was done there must be prepared.

        Parameters
        ----------
        objectives
            Those the table was read with.
        later
            What a lifetime value counts of the time after its window; None: nothing.
        """
        found = outcomes(self.con, objectives, len(self), (self.posted_count, self.posted_amount))
        if later is not None:
            found = found + later.value(self.con, len(self))
        return np.asarray(np.where(self.is_closed, self.closed_outcome, found))

    @cached_property
    def candidates(self) -> tuple[Candidate, ...]:
        """Everything that was chosen or could have been, by id and channel, `nothing` left out."""
        chosen = set(zip(self.action_id.tolist(), self.channel.tolist(), strict=True))
        known = {c for candidates in self.candidate_sets.values() for c in candidates}
        found = {c for c in chosen | known if c[0] != NOTHING}
        return tuple(sorted(found, key=lambda c: (c[0], c[1] or "")))

    def distributions(
        self, columns: Sequence[Candidate]
    ) -> tuple[NDArray[np.float32] | None, BoolArray | None]:
        """Return the logged chance of every candidate (n, m), NaN rows where unknown, and which were possible.

        None where no row says. Possible is what stood among the candidates and no step had removed; that it had no
        chance there makes it no less possible, only unsupported.

        Parameters
        ----------
        columns
            The m candidates asked for.
        """
        if not self.candidate_sets:
            return None, None
        n, m = len(self), len(columns)
        chance = np.full((n, m), np.nan, dtype=np.float32)
        possible = np.ones((n, m), dtype=np.bool_)
        here = np.full(int(self.row.max(initial=-1)) + 2, -1, dtype=np.int64)
        here[self.row[self.row >= 0]] = np.flatnonzero(self.row >= 0)
        found = fetch_arrow(self.con, statement("models/logged_choices")).combine_chunks()
        if not len(found):
            return None, None
        at = here[np.minimum(np.asarray(found["row"].to_numpy(), dtype=np.int64), len(here) - 1)]
        names, starts = np.unique(_texts(found, "candidate_set").astype(str), return_index=True)
        for name, start, end in zip(names.tolist(), starts, [*starts[1:], len(found)], strict=True):
            candidates = self.candidate_sets.get(name)
            if candidates is None:
                continue
            places, rows = _places(candidates, columns), at[start:end]
            offered = np.zeros((len(rows), m), dtype=np.bool_)
            offered[:, places[places >= 0]] = True
            known, removed = _lists(found["removed"], start, end, len(candidates))
            offered[known] = _laid(places, removed == 0, m) > 0
            possible[rows[rows >= 0]] = offered[rows >= 0]
            known, values = _lists(found["probabilities"], start, end, len(candidates))
            rows = rows[known]
            chance[rows[rows >= 0]] = _laid(places, values, m)[rows >= 0]
        return (None if np.isnan(chance).any(axis=1).all() else chance), possible


def _places(candidates: Sequence[Candidate], columns: Sequence[Candidate]) -> IntArray:
    """Where candidates stand among columns, -1 nowhere; an action of one column stands there whatever its channel."""
    at = {candidate: j for j, candidate in enumerate(columns)}
    own: dict[str, list[int]] = {}
    for j, (action_id, _) in enumerate(columns):
        own.setdefault(action_id, []).append(j)
    found = []
    for candidate in candidates:
        alone = own.get(candidate[0], [])
        found.append(at.get(candidate, alone[0] if len(alone) == 1 else at.get((candidate[0], None), -1)))
    return np.array(found, dtype=np.int64)


def _lists(column: Any, start: int, end: int, length: int) -> tuple[BoolArray, FloatArray]:
    """Which of some rows have a list, and the lists of those, (n_known, length)."""
    part = column.chunk(0).slice(start, end - start)
    known = np.asarray(part.is_valid().to_numpy(zero_copy_only=False), dtype=np.bool_)
    values = np.asarray(part.flatten().to_numpy(zero_copy_only=False), dtype=np.float64)
    return known, values.reshape(-1, length)


def _laid(places: IntArray, values: NDArray[Any], m: int) -> FloatArray:
    """Values of candidates (n, k) summed into the m columns they stand in."""
    result = np.zeros((len(values), m))
    for k, place in enumerate(places.tolist()):
        if place >= 0:
            result[:, place] += values[:, k]
    return result


def read_decision_table(
    con: duckdb.DuckDBPyConnection,
    objectives: Sequence[ObjectiveTerms],
    *,
    from_us: int,
    until_us: int,
    closed_us: int,
    every: bool = False,
) -> DecisionTable | None:
    """Return the closed decisions with ``from_us <= as_of < until_us``; None where the log holds none.

    Parameters
    ----------
    closed_us
        Own windows that began after it were not closed yet at the time looked at (`KnownOutcomes.closed_us`), whatever was closed
        since. Imported ones have no mark that their window ended: the caller asks `KnownOutcomes.of`.
    every
        Return every decision, whatever became of it, without what requests said: contacts never made and open windows
        too. Their outcomes mean nothing, their chances do.
    """
    each_slot = bool(objectives) and all(objective.match_action for objective in objectives)
    asked = {
        "from_ts": as_timestamp(from_us), "until_ts": as_timestamp(until_us), "closed_until": as_timestamp(closed_us),
    }  # fmt: skip
    con.execute(statement("models/create_logged"), {**asked, "every": every, "each_slot": each_slot})
    found = fetch_arrow(con, statement("models/logged"))
    if not len(found):
        return None
    count, amount = posted_outcomes(con, objectives, len(found))
    sets = con.execute(statement("models/logged_candidate_sets")).fetchall()
    source, policy = _texts(found, "source"), _texts(found, "policy")
    who = np.empty(len(found), dtype=object)
    who[:] = [s if p is None else f"{s}/{p}" for s, p in zip(source.tolist(), policy.tolist(), strict=True)]
    return DecisionTable(
        con,
        source,
        _texts(found, "customer_id"),
        np.asarray(found["is_anonymous"].to_numpy(zero_copy_only=False), dtype=np.bool_),
        np.asarray(found["as_of_us"].to_numpy(), dtype=np.int64),
        _texts(found, "action_id"),
        _texts(found, "channel"),
        np.asarray(found["slot"].to_numpy(), dtype=np.int64),
        np.asarray(found["probability"].to_numpy(zero_copy_only=False), dtype=np.float64),
        who,
        _texts(found, "arm"),
        _texts(found, "context"),
        _texts(found, "candidate_set"),
        np.asarray(found["outcome"].to_numpy(zero_copy_only=False), dtype=np.float64),
        count,
        amount,
        {name: tuple((str(a), c) for a, c in json.loads(text)) for name, text in sets},
        np.arange(len(found), dtype=np.int64),
        np.asarray(found["began_us"].to_numpy(), dtype=np.int64),
    )


def posted_outcomes(
    con: duckdb.DuckDBPyConnection, objectives: Sequence[ObjectiveTerms], n: int
) -> tuple[FloatArray, FloatArray]:
    """Return how many outcomes were posted for each objective, and how much, (n, n_objectives), of the rows of ``logged``.

    One under the id of an event that counts by itself is that event, and left to it.
    """
    counts, amounts = np.zeros((n, len(objectives))), np.zeros((n, len(objectives)))
    unnamed = unnamed_of(objectives)
    for k, objective in enumerate(objectives):
        values: dict[str, Any] = {
            "objective": objective.name,
            "takes_unnamed": objective is unnamed,
            "within_us": objective.within * US_PER_S,
            "clip": None if objective.clip_event is None else Decimal(str(objective.clip_event)),
            "types": list(counted_types(objective)),
            "match_action": objective.match_action,
        }
        found = fetch_arrow(con, statement("models/logged_posted"), values)
        row = np.asarray(found["row"].to_numpy(), dtype=np.int64)
        counts[row, k], amounts[row, k] = found["count"].to_numpy(), found["amount"].to_numpy()
    return counts, amounts


def _texts(table: Any, name: str) -> Texts:
    result = np.empty(len(table), dtype=object)
    result[:] = table[name].to_pylist()
    return result
