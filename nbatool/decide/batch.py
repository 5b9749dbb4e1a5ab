"""The night: decide for everybody known, chunk by chunk, with the same function a live decision uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbatool.decide.best import Indices
from nbatool.decide.circumstances import NightCircumstances, night_circumstances
from nbatool.decide.decision import NO_WISHES, Decision
from nbatool.decide.guardrails import Circumstances
from nbatool.decide.policy import Foreseen, Policy
from nbatool.decide.subjects import Subjects
from nbatool.decide.taken_out import TakenOut
from nbatool.features.choice import as_timestamp
from nbatool.features.customer import CustomerFeatures
from nbatool.features.moments import Moments, PreparedMoments, load_zone_offsets, prepare_moments
from nbatool.models.clv.history import load_purchase_days, read_purchases
from nbatool.models.clv.model import ClvModel
from nbatool.models.clv.segments import segments
from nbatool.models.posterior import Posterior
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

    from nbatool.base.config import Config
    from nbatool.store.online import OnlineStore

CHUNK_BYTES = 256 * 1024 * 1024
MOST_CHUNK = 50_000
VALUE_SCORES = ("clv", "clv_quantile", "p_alive", "expected_purchases")
SEGMENT = "segment"


@dataclass(frozen=True)
class Population:
    """Everybody known at the moment, sorted by id, with what is worth knowing once for all of them."""

    customer_ids: list[str]
    as_of_us: int
    prepared: PreparedMoments
    value_scores: dict[str, NDArray[Any]]

    def __len__(self) -> int:
        return len(self.customer_ids)


@dataclass(frozen=True)
class ScoredChunk:
    """Decisions and scores of the customers ``first <= position < last``.

    Parameters
    ----------
    send_at_us
        (n, n_offers) when each offer may go out, µs since 1970: the moment, or when quiet hours end.
    told
        What guardrails looked at; None: of nobody in particular.
    review
        int16[n, n_offers]: 0, or 1 + the place of the review rule that matches the offer; None: there is no such rule.
    taken_out
        Row → why the contact that was drawn for it is not made.
    """

    first: int
    last: int
    customers: CustomerFeatures
    scores: dict[str, NDArray[Any]]
    decision: Decision
    subjects: Subjects
    send_at_us: Indices
    told: Circumstances | None = None
    review: NDArray[np.int16] | None = None
    taken_out: Mapping[int, TakenOut] = field(default_factory=dict)

    @property
    def waits(self) -> Indices:
        """(n,) 1 + the place of the review rule that a chosen offer waits for, 0 where it needs no person's word."""
        waiting = np.zeros(len(self.subjects), np.int64)
        if self.review is not None:
            rows = np.flatnonzero(self.decision.chosen >= 0)
            waiting[rows] = self.review[rows, self.decision.chosen[rows]]
        return waiting


def population(
    con: duckdb.DuckDBPyConnection,
    config: Config,
    policy: Policy,
    *,
    as_of_us: int,
    most: int | None = None,
    only: Sequence[str] | None = None,
) -> Population:
    """Aggregate the events of everybody known before ``as_of_us``.

    Parameters
    ----------
    most
        At most so many customers, the first by id.
    only
        Just these customers, where they are known.
    """
    rows = con.execute(statement("profile/known_customers"), {"as_of": as_timestamp(as_of_us)}).fetchall()
    everybody = sorted(row[0] for row in rows)
    chosen = everybody if only is None else sorted(set(only) & set(everybody))
    ids = chosen[:most]
    value_scores = _value_scores(con, config, policy, as_of_us, ids)
    moments = Moments(ids, np.full(len(ids), as_of_us, dtype=np.int64))
    return Population(ids, as_of_us, prepare_moments(con, policy.bundle.features, moments), value_scores)


def circumstances_of(
    people: Population, config: Config, policy: Policy, online: OnlineStore
) -> NightCircumstances:
    """Gather what guardrails look at for everybody of a population."""
    return night_circumstances(
        people.prepared.con, policy.guardrails, online, people.customer_ids, people.as_of_us,
        contact_types=config.roles.contact, unsubscribes=config.roles.unsubscribe,
    )  # fmt: skip


def score_names(policy: Policy) -> tuple[str, ...]:
    """Names of the scores of a customer, in the order of the scores file."""
    value = (*VALUE_SCORES, SEGMENT) if policy.bundle.clv is not None else ()
    return (*policy.bundle.propensities, *value)


def score_chunks(
    people: Population,
    policy: Policy,
    *,
    threads: int,
    seed: int,
    posterior: Posterior | None = None,
    told: NightCircumstances | None = None,
) -> Iterator[ScoredChunk]:
    """Decide for everybody; a chunk's memory is bounded whatever the number of customers.

    Parameters
    ----------
    seed
        Part of every decision's name, and so of its draw.
    posterior
        What was learned since the models were trained.
    told
        What guardrails look at; None: of nobody in particular, and only conditions are looked at.
    """
    for chunk in foreseen_chunks(people, policy, threads=threads, seed=seed, told=told):
        yield chunk.decided(policy, posterior)


@dataclass(frozen=True)
class ForeseenChunk:
    """What decisions for the customers ``first <= position < last`` are made from."""

    first: int
    last: int
    customers: CustomerFeatures
    scores: dict[str, NDArray[Any]]
    subjects: Subjects
    told: Circumstances | None
    foreseen: Foreseen

    def decided(self, policy: Policy, posterior: Posterior | None) -> ScoredChunk:
        """Decide."""
        guards, told = policy.guardrails, self.told
        charge = None if told is None else told.charge
        decision = policy.arbitrate(self.foreseen, self.subjects, posterior, charge)
        as_of_us = self.customers.as_of_us
        goes = np.repeat(as_of_us[:, None], len(policy.catalogue.offers), axis=1)
        if told is not None and not guards.quiet.is_empty:
            goes = guards.send_at_us(as_of_us, told)
        review = policy.funnel.review(self.customers, self.scores, NO_WISHES) if guards.review else None
        return ScoredChunk(
            self.first, self.last, self.customers, self.scores, decision, self.subjects, goes, told, review
        )


def foreseen_chunks(
    people: Population,
    policy: Policy,
    *,
    threads: int,
    seed: int,
    told: NightCircumstances | None = None,
    known: Callable[[int], Foreseen] | None = None,
) -> Iterator[ForeseenChunk]:
    """Foresee for everybody, chunk by chunk; parameters as `score_chunks`.

    Parameters
    ----------
    known
        Returns what was foreseen before of the chunk that begins at a position.
    """
    for first, last, customers in people.prepared.chunks(chunk_size(policy)):
        encoded = policy.bundle.customer.encode(customers)
        scores: dict[str, NDArray[Any]] = {
            name: model.predict(encoded, threads) for name, model in policy.bundle.propensities.items()
        }
        scores |= {name: values[first:last] for name, values in people.value_scores.items()}
        subjects = Subjects.of_night(people.customer_ids[first:last], people.as_of_us, seed)
        seen = None if told is None else told.of_rows(first, last)
        if known is None:
            foreseen = policy.foresee(customers, scores, threads=threads, told=seen)
        else:
            foreseen = known(first)
        yield ForeseenChunk(first, last, customers, scores, subjects, seen, foreseen)


def chunk_size(policy: Policy) -> int:
    """Customers per chunk so that the model input of all their candidates stays near `CHUNK_BYTES`."""
    decision = policy.bundle.decision
    width = len(decision.names) if decision else len(policy.bundle.customer.names)
    candidates = len(policy.catalogue.offers) + 1
    return int(np.clip(CHUNK_BYTES // (8 * width * candidates), 256, MOST_CHUNK))


def _value_scores(
    con: duckdb.DuckDBPyConnection,
    config: Config,
    policy: Policy,
    as_of_us: int,
    ids: list[str],
) -> dict[str, NDArray[Any]]:
    """Lifetime value of the customers asked for; quantiles are among everybody known."""
    if policy.bundle.clv is None:
        return {}
    model = ClvModel.from_json(policy.bundle.clv)
    load_zone_offsets(con, config.workspace.timezone, as_of_us)
    load_purchase_days(
        con, config.roles.purchase, as_of_us=as_of_us, zone=config.workspace.timezone,
        grain_days=model.settings.grain_days,
    )  # fmt: skip
    history = read_purchases(con)
    scores = model.predict(history.purchases)
    words = segments(history.purchases, scores)
    position = {customer_id: k for k, customer_id in enumerate(history.customer_ids.tolist())}
    at = np.array([position.get(customer_id, -1) for customer_id in ids], dtype=np.int64)
    result: dict[str, NDArray[Any]] = {}
    for name in VALUE_SCORES:
        values = np.append(getattr(scores, name), np.nan)
        result[name] = values[at]
    said = np.empty(len(words) + 1, dtype=object)
    said[:-1] = words.tolist()
    said[-1] = "no purchase yet"
    result[SEGMENT] = said[at]
    return result
