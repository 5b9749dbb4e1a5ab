"""Approved decisions of earlier nights: they go out with this night's file, if the guardrails still let them.

What a person said yes to is looked at once more: consent may have been withdrawn and caps filled since. What may not go
now stays approved, and is looked at again the next night.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbatool.decide.batch import ScoredChunk, circumstances_of, population, score_chunks
from nbatool.decide.contact_rules import kind_of
from nbatool.decide.policy import Policy
from nbatool.decide.population_limits import SHARES
from nbatool.decide.reasons import Reasons
from nbatool.store.contact import RESERVED, Contact
from nbatool.store.reviews import Review

if TYPE_CHECKING:
    import duckdb

    from nbatool.base.config import Config
    from nbatool.store.online import OnlineStore

UNKNOWN = "the customer is not known now"
NO_OFFER = "its action or channel left the catalogue"


@dataclass(frozen=True)
class Approved:
    """What becomes of the approved decisions tonight.

    Parameters
    ----------
    going
        Those that go out, each with when, µs since 1970.
    held_back
        Those that may not go now, each with why.
    """

    going: tuple[tuple[Review, int], ...] = ()
    held_back: tuple[tuple[Review, str], ...] = ()


def approved_now(
    con: duckdb.DuckDBPyConnection, config: Config, policy: Policy, online: OnlineStore, as_of_us: int
) -> Approved:
    """Look at the approved decisions, and reserve the contacts of those that go out."""
    found = online.reviews.approved_for(as_of_us)
    if not found:
        return Approved()
    reserved = {review.decision_id: _reserved(online, review, as_of_us) for review in found}
    asked = [review for review in found if reserved[review.decision_id] is None]
    why = _looked_at(con, config, policy, online, as_of_us, asked) if asked else {}
    going, held_back = [], []
    for review in found:
        at_us = reserved[review.decision_id]
        said = why.get(review.decision_id, UNKNOWN) if at_us is None else at_us
        if isinstance(said, str):
            held_back.append((review, said))
        else:
            going.append((review, said))
    return Approved(tuple(going), tuple(held_back))


def _reserved(online: OnlineStore, review: Review, as_of_us: int) -> int | None:
    """When a decision's contact goes out, where an earlier scoring of this night has reserved it.

    What another night reserved and did not put into its file is given back: much may have changed since.
    """
    for held in online.ledger.of_customer(review.customer_id, 0):
        if held.decision_id == review.decision_id:
            if held.state == RESERVED and held.at_us >= as_of_us:
                return held.at_us
            online.ledger.give_back([held])
    return None


def _looked_at(
    con: duckdb.DuckDBPyConnection, config: Config, policy: Policy, online: OnlineStore, as_of_us: int,
    reviews: Sequence[Review],
) -> dict[str, int | str]:  # fmt: skip
    """Reserve what may go; return when each goes out, or why it may not."""
    places = {offer.candidate: j for j, offer in enumerate(policy.catalogue.offers)}
    said: dict[str, int | str] = {}
    by_customer: dict[str, list[Review]] = {}
    for review in reviews:
        by_customer.setdefault(review.customer_id, []).append(review)
    # One decision of each customer at a time: the contact of the first counts for the next.
    while by_customer:
        people = population(con, config, policy, as_of_us=as_of_us, only=list(by_customer))
        told = circumstances_of(people, config, policy, online)
        for chunk in score_chunks(people, policy, threads=1, seed=0, told=told):
            for row, customer_id in enumerate(people.customer_ids[chunk.first : chunk.last]):
                review = by_customer[customer_id][0]
                said[review.decision_id] = _go(policy, online, chunk, row, review, places)
        by_customer = {
            customer: left[1:] for customer, left in by_customer.items()
            if len(left) > 1 and customer in set(people.customer_ids)
        }  # fmt: skip
    return said


def _go(
    policy: Policy, online: OnlineStore, chunk: ScoredChunk, row: int, review: Review, places: Mapping[tuple[str, str | None], int]
) -> int | str:  # fmt: skip
    place = places.get((review.action_id, review.channel))
    if place is None:
        return NO_OFFER
    scores = {name: values[row] for name, values in chunk.scores.items()}
    why = Reasons(policy).removed(
        chunk.customers, scores, chunk.decision, row, place, told=chunk.told, customer_id=review.customer_id
    )
    if why is not None:
        return why
    limits = policy.guardrails.limits
    left = limits.bounds(online.ledger.totals(), int(chunk.customers.as_of_us[row])) if limits.limits else []
    for said, limit in zip(limits.limits, left, strict=True):
        # A share is of all contacts of the night, and kept by those decided now.
        if said.what not in SHARES and limit.most is not None and limit.use[place] > limit.most:
            return f"limit: {limit.name} has no room for one more"
    at_us = int(chunk.send_at_us[row, place])
    kind = kind_of(policy.catalogue.offers[place])
    online.ledger.reserve([Contact.of(kind, review.customer_id, review.decision_id, review.slot, at_us)])
    return at_us
