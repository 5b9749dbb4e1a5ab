"""What is in force: a published state with its policy, ready to decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nbatool.base.clock import now_us
from nbatool.decide.best import Floats
from nbatool.decide.catalogue import Catalogue
from nbatool.decide.guardrails import Guardrails
from nbatool.decide.live_circumstances import LiveCircumstances
from nbatool.decide.live_room import LiveRoom
from nbatool.decide.night_answer import NightAnswers
from nbatool.decide.pacing import PublishedLimits
from nbatool.decide.policy import Policy
from nbatool.decide.practice import practice_from_json
from nbatool.decide.published import contact_kinds, published_meta
from nbatool.decide.state_rows import read_body
from nbatool.decide.tie_breaks import charged
from nbatool.features.live_customer import CustomerState, LiveFeatures
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.models.bundle import Bundle
from nbatool.models.registry import load_files
from nbatool.store.ledger import Ledger
from nbatool.store.night_decisions import night_file
from nbatool.store.online import Published
from nbatool.store.state import StateReader


@dataclass(frozen=True)
class InForce:
    """A published state with its policy, ready to decide.

    ``clock_runs`` is False where the workspace's present is its newest record or a fixed time.
    """

    published: Published
    state: StateReader
    policy: Policy
    live: LiveFeatures
    score_names: tuple[str, ...]
    seed: int
    clock_runs: bool
    event_types: frozenset[str]
    outcomes: OutcomeTerms
    unsubscribes: frozenset[str]
    circumstances: LiveCircumstances
    night: NightAnswers
    room: LiveRoom | None
    tie_width: float

    def now_us(self) -> int:
        """The present of a question: now, or the cut, so that old data answer as of their own time."""
        return now_us() if self.clock_runs else self.published.cut_us - 1

    def customer(self, customer_id: str | None) -> CustomerState | None:
        """What the state says about a customer; None of a stranger."""
        body = self.state.body(customer_id) if customer_id is not None else None
        return None if body is None else read_body(self.policy.bundle.features, self.score_names, body)

    def charge(self, charges: Sequence[Floats], customer_ids: Sequence[str | None]) -> Floats:
        """Return (n, n_offers) what is taken off customers' net values; ``charges`` has the prices of each of them."""
        return charged(np.stack(charges), customer_ids, self.tie_width)

    @cached_property
    def limit_names(self) -> tuple[str, ...]:
        return tuple(limit.title for limit in self.policy.guardrails.limits.limits)

    def close(self) -> None:
        self.night.close()
        self.state.close()


def load_in_force(published: Published, data_dir: Path, models_dir: Path, ledger: Ledger) -> InForce:
    """Open what a publication put in force; ``ledger`` says what limits have left.

    Raises
    ------
    DataError
        A file is missing, damaged, or of an earlier version of nbatool.
    """
    state = StateReader(data_dir / published.state)
    meta = published_meta(state)
    bundle = Bundle.from_files(load_files(models_dir, published.model_version))
    catalogue = Catalogue.from_json(meta["catalogue"])
    guards = Guardrails.from_json(meta["guardrails"], catalogue)
    policy = Policy(bundle, catalogue, practice_from_json(meta["practice"]), guards)
    return InForce(
        published, state, policy, LiveFeatures(bundle.features, meta["codes"]), tuple(meta["scores"]), meta["seed"],
        meta["clock_runs"], frozenset(meta["event_types"]), OutcomeTerms.from_json(meta["learning"]),
        frozenset(meta["unsubscribes"]),
        LiveCircumstances(guards, contact_kinds(meta), frozenset(meta["contacts"])),
        NightAnswers(policy, state, data_dir / night_file(published.state)), *_room(guards, meta["limits"], ledger),
    )  # fmt: skip


def _room(guards: Guardrails, said: dict[str, Any] | None, ledger: Ledger) -> tuple[LiveRoom | None, float]:
    """What limits leave to live decisions, and the width of what tells equal customers apart."""
    if said is None:
        return None, 0.0
    published = PublishedLimits.from_json(said["published"])
    return LiveRoom(guards.limits, published, ledger.totals()), float(said["tie_width"])
