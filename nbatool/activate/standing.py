"""A moment scored again: decisions somebody has acted on stand as they were made, in the log and in every file.

A decision's name says for whom, for when and with which seed it was made, and not by which models. So two decisions
of one name must be one decision: a contact that was confirmed was that of the log, whatever would be chosen now.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from nbatool.base.records import NOTHING
from nbatool.decide.arms import ARMS
from nbatool.decide.batch import ScoredChunk
from nbatool.decide.subjects import Subjects
from nbatool.decide.taken_out import STOOD, TakenOut
from nbatool.features.choice import as_timestamp
from nbatool.features.kinds import Floats
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

Candidate = tuple[str, str | None]
NOT_MADE = "it was not made: it was rejected or released, or nobody confirmed it in time"
HELD_BACK = "it waits: a person approved it, and guardrails hold it back for now"


@dataclass(frozen=True, slots=True)
class Stood:
    """A decision as it was logged; chances of candidates that have left the catalogue included.

    Parameters
    ----------
    went_out
        Whether its contact was made, as far as is known; one that was released or that nobody confirmed in time was not.
    """

    decision_id: str
    chosen: Candidate
    arm: str
    probability: float
    probability_in_arm: float
    chances: Mapping[Candidate, float]
    went_out: bool


@dataclass(frozen=True)
class Standing:
    """The decisions of a moment that stand.

    Parameters
    ----------
    by_customer
        Those somebody acted on.
    approved
        Ids of those of them that a person let go out.
    held_back
        Ids of those of the approved that are in no action file yet.
    is_logged
        Whether this moment was decided before, for people to act on.
    """

    by_customer: Mapping[str, Stood]
    approved: frozenset[str] = frozenset()
    is_logged: bool = False
    held_back: frozenset[str] = frozenset()

    @classmethod
    def of(cls, con: duckdb.DuckDBPyConnection, as_of_us: int, approved: Mapping[str, bool]) -> Standing:
        """Return those of a moment.

        Parameters
        ----------
        approved
            Decisions of the moment that a person let go out, and whether they go; the others still wait for a night
            on which they may.
        """
        out = [name for name, goes in approved.items() if goes]
        values = {"as_of": as_timestamp(as_of_us), "approved": list(approved), "out": out}
        rows = con.execute(statement("activate/standing_decisions"), values).fetchall()
        moment = {"as_of": values["as_of"]}
        [(is_logged,)] = con.execute(statement("activate/night_is_logged"), moment).fetchall()
        return cls(
            {row[0]: _stood(*row[1:]) for row in rows},
            frozenset(approved),
            is_logged,
            frozenset(approved) - set(out),
        )

    def put_into(
        self, chunk: ScoredChunk, customer_ids: Sequence[str], candidates: Sequence[Candidate]
    ) -> ScoredChunk:
        """Return a chunk with the decisions that stand in place of those made now.

        Who got what left the catalogue since is left alone: it went out, and cannot be done again. A contact that was
        released, rejected, or that nobody confirmed in time is not made after all: the row does nothing, without a chance.
        So does the row of one that is held back; how it was logged goes along, for it may go out with a later night.

        Parameters
        ----------
        customer_ids
            Those of the chunk, in order.
        candidates
            Those of the policy, `nothing` last.
        """
        if not self.by_customer:
            return chunk
        made = chunk.decision
        chosen, arm = made.chosen.copy(), made.arm.copy()
        chance, in_arm = made.probability.copy(), made.probability_in_arm.copy()
        names, taken_out = list(chunk.subjects.decision_ids), dict(chunk.taken_out)
        places = {candidate: k for k, candidate in enumerate(candidates)}
        for row, customer_id in enumerate(customer_ids):
            stood = self.by_customer.get(customer_id)
            if stood is None:
                continue
            names[row], arm[row] = stood.decision_id, ARMS.index(stood.arm)
            place = places.get(stood.chosen, len(candidates) - 1)
            chosen[row] = -1 if place == len(candidates) - 1 else place
            chance[row] = [stood.chances.get(candidate, 0.0) for candidate in candidates]
            chance[row, place] = stood.probability
            in_arm[row] = _with_chance(in_arm[row], place, stood.probability_in_arm)
            if chosen[row] >= 0 and not stood.went_out:
                taken_out[row] = self._not_made(stood, int(chosen[row]))
                chosen[row] = -1
                chance[row] = in_arm[row] = np.nan
        review = None if chunk.review is None else chunk.review.copy()
        if review is not None:
            # What was acted on waits for nobody.
            review[[customer_id in self.by_customer for customer_id in customer_ids]] = 0
        decision = replace(made, chosen=chosen, arm=arm, probability=chance, probability_in_arm=in_arm)
        subjects = Subjects(chunk.subjects.customer_ids, names)
        return replace(chunk, decision=decision, subjects=subjects, review=review, taken_out=taken_out)

    def _not_made(self, stood: Stood, offer: int) -> TakenOut:
        """Why a logged contact is not made tonight; what is only held back stays the decision that the log says."""
        if stood.decision_id not in self.held_back:
            return TakenOut(STOOD, offer, NOT_MADE)
        return TakenOut(STOOD, offer, HELD_BACK, (stood.probability_in_arm, stood.probability))


def _stood(
    decision_id: str, action_id: str, channel: str | None, arm: str, probability: float, probability_in_arm: float,
    candidates: str | None, chances: Sequence[float] | None, went_out: bool,
) -> Stood:  # fmt: skip
    known = dict(zip(_listed(candidates or "[]"), chances or (), strict=False))
    chosen = (action_id, None if action_id == NOTHING else channel)
    return Stood(decision_id, chosen, arm, probability, probability_in_arm, known, went_out)


@lru_cache(maxsize=64)
def _listed(candidates: str) -> tuple[Candidate, ...]:
    """Return a list of candidates; a night has one for everybody."""
    return tuple((action, channel) for action, channel in json.loads(candidates))


def _with_chance(chances: Floats, place: int, chance: float) -> Floats:
    """Return chances of which one is the logged one, and the others share the rest as they do now."""
    others = chances.copy()
    others[place] = 0.0
    total = float(others.sum())
    shared = others * ((1.0 - chance) / total) if total > 0 else others
    shared[place] = chance
    return shared
