"""Publishing: after a night's scoring, everything a live decision needs in one state file, then one pointer row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import now_us
from nbatool.base.seeds import hash64
from nbatool.decide.batch import Population, ScoredChunk, score_names
from nbatool.decide.circumstances import NightCircumstances
from nbatool.decide.event_types import known_types
from nbatool.decide.policy import Policy
from nbatool.decide.practice import practice_to_json
from nbatool.decide.published import kinds_to_json
from nbatool.decide.rebase import Rebased
from nbatool.decide.state_rows import StateTables, bodies, make_state_tables, told_rows
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.profile.consent import read_consent
from nbatool.store.learned import LearnedSnapshot
from nbatool.store.night_decisions import (
    NightChances,
    NightChunk,
    NightTerms,
    NightWriter,
    night_file,
    write_night,
)
from nbatool.store.nights import Night
from nbatool.store.online import OnlineStore, Published
from nbatool.store.state import StateWriter, sweep_states, write_state

if TYPE_CHECKING:
    from nbatool.base.settings import Roles
    from nbatool.store.workspace import Workspace


@dataclass(frozen=True)
class Terms:
    """What a live decision must know beside the customers.

    Parameters
    ----------
    model_version
        The bundle decisions are made with.
    as_of_us
        The cut: the state knows events before it.
    seed
        Part of every decision's id.
    currency
        For the words of a person reading the state.
    journal_position
        Live events up to here are in the warehouse, so in the state.
    clock_runs
        Whether the present of a live question is now; else it is the cut (``as_of`` is "newest" or a fixed time).
    outcomes
        What counts as the outcome of a decision.
    learned
        The fast learner as it is put in force; None where the version has none.
    lesson_position
        Windows closed live up to here are in it.
    """

    model_version: str
    as_of_us: int
    seed: int
    currency: str
    journal_position: int
    clock_runs: bool
    outcomes: OutcomeTerms
    learned: Rebased | None
    lesson_position: int


class Publication:
    """Writes state and decisions of a population chunk by chunk while it is being scored."""

    def __init__(
        self,
        writer: StateWriter,
        night: NightWriter | None,
        people: Population,
        policy: Policy,
        tables: StateTables,
        told: NightCircumstances,
    ) -> None:
        self._writer, self._night, self._people, self._tables = writer, night, people, tables
        self._told, self._kinds = told, told.kinds
        self._names = score_names(policy)

    def add(self, chunk: ScoredChunk) -> None:
        decision = chunk.decision
        chosen = np.where(decision.chosen < 0, decision.net_value.shape[1], decision.chosen)
        # What is only held back is in the file as it is in the log: outcomes count from when it goes out.
        stands = {row: out for row, out in chunk.taken_out.items() if out.chances is not None}
        for row, out in stands.items():
            chosen[row] = out.offer
        # A lesson is the difference to the models alone: what was learned before is in the learner already.
        expected = decision.modelled[np.arange(len(chosen)), chosen]
        if self._night is not None:
            rows = np.arange(len(chosen))
            in_all = np.column_stack([decision.expected, decision.nothing])[rows, chosen]
            in_arm, overall = decision.probability_in_arm[rows, chosen], decision.probability[rows, chosen]
            for row, out in stands.items():
                in_arm[row], overall[row] = out.chances or (np.nan, np.nan)
            chances = NightChances(decision.arm, in_arm, overall)
            ids = chunk.subjects.decision_ids
            why = {row: out.words for row, out in chunk.taken_out.items()}
            self._night.add(NightChunk(ids, chosen, expected, decision.phi, in_all, chances, why))
        scores: dict[str, NDArray[Any]] = {name: chunk.scores[name] for name in self._names}
        self._writer.put_customers(
            bodies(
                self._tables,
                chunk.first,
                chunk.last,
                self._people.customer_ids,
                chunk.customers.attributes,
                self._told.zones,
                scores,
                read_consent(self._people.prepared.con, chunk.first, chunk.last).marks(),
                told_rows(self._told, self._kinds, chunk.first, chunk.last),
            )
        )


@contextmanager
def publishing(
    workspace: Workspace, online: OnlineStore, people: Population, policy: Policy, terms: Terms, told: NightCircumstances,
    limits: Callable[[], dict[str, Any] | None] = lambda: None,
) -> Iterator[Callable[[ScoredChunk], None]]:  # fmt: skip
    """Write a state and the decisions while the block scores, and put them in force when the block ends well.

    Yields what takes each scored chunk; ``told`` is what they were decided with, ``limits`` says at the end what live decisions are told of limits. The file in force is never touched; readers of the old state keep it.
    """
    tables = make_state_tables(people.prepared.con, policy.bundle.features, people.as_of_us)
    name = f"state-{hash64(terms.model_version, terms.as_of_us, now_us()):016x}.db"
    night_terms = NightTerms(
        terms.as_of_us,
        terms.outcomes.closes_us(terms.as_of_us),
        terms.seed,
        terms.model_version,
        policy.candidates,
    )
    # An apprentice's plan contacts nobody, so there is nothing to be answered to.
    acts = not policy.practice.apprentice
    nights = write_night(workspace.data_dir / night_file(name), night_terms) if acts else nullcontext()
    with write_state(workspace.data_dir / name) as writer, nights as night:
        yield Publication(writer, night, people, policy, tables, told).add
        types = known_types(people.prepared.con, workspace.config, policy.bundle.features.plan.types)
        meta = _meta(policy, terms, tables, types, workspace.config.roles, told)
        for key, value in (meta | {"limits": limits()}).items():
            writer.put_meta(key, msgspec.json.encode(value))
        if terms.learned is not None and acts:
            writer.put_learned(terms.learned.posterior.to_bytes())
    previous, present = online.published(), now_us()
    with online.transaction():
        online.publish(Published(name, terms.model_version, terms.as_of_us, terms.journal_position, present))
        if night is not None:
            online.nights.register(
                Night(
                    night_file(name),
                    terms.as_of_us,
                    night_terms.closes_us,
                    terms.seed,
                    night.decisions,
                    present,
                )
            )
        if terms.learned is not None:
            online.learned.put_in_force(_snapshot(terms, terms.learned))
    sweep_states(workspace.data_dir, {name} | ({previous.state} if previous else set()))


def _snapshot(terms: Terms, learned: Rebased) -> LearnedSnapshot:
    return LearnedSnapshot(
        terms.model_version, learned.posterior.to_bytes(), terms.lesson_position, learned.closed_position,
        learned.learned_us,
    )  # fmt: skip


def _meta(
    policy: Policy, terms: Terms, tables: StateTables, types: list[str], roles: Roles, told: NightCircumstances
) -> dict[str, Any]:  # fmt: skip
    return {
        "catalogue": policy.catalogue.to_json(),
        "practice": practice_to_json(policy.practice),
        "learning": terms.outcomes.to_json(),
        "codes": tables.codes,
        "event_types": types,
        "unsubscribes": list(roles.unsubscribe),
        "contacts": list(roles.contact),
        "contact_kinds": kinds_to_json(told.kinds),
        "guardrails": policy.guardrails.to_json(),
        "scores": list(score_names(policy)),
        "seed": terms.seed,
        "currency": terms.currency,
        "clock_runs": terms.clock_runs,
    }
