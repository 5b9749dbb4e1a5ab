"""Model input of (customer, candidate) rows: one builder for past decisions and for candidates to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nbatool.base.records import NOTHING, Action
from nbatool.features.customer import CustomerFeatures, FeatureSet
from nbatool.features.kinds import Floats
from nbatool.features.model_input import CandidateInput, CustomerInput, SharedColumns
from nbatool.models.context_input import NO_CONTEXT, ContextInput, Said

Candidate = tuple[str, str | None]
"""(action id, channel); `nothing` has no channel."""


@dataclass(frozen=True)
class DecisionInput:
    """The columns of outcome and conversion models: customer, what the request said, candidate."""

    customer: CustomerInput
    candidate: CandidateInput
    context: ContextInput = NO_CONTEXT

    @cached_property
    def names(self) -> tuple[str, ...]:
        return (*self.customer.names, *self.context.names, *self._renamed.values())

    @cached_property
    def categorical(self) -> tuple[str, ...]:
        own = (self._renamed[name] for name in self.candidate.categorical)
        return (*self.customer.categorical, *self.context.categorical, *own)

    @cached_property
    def candidate_from(self) -> int:
        """Position of the first column of the candidate."""
        return len(self.customer.names) + len(self.context.names)

    @cached_property
    def _renamed(self) -> dict[str, str]:
        """Candidate columns by their own name; one that a customer column has too is told apart."""
        taken = set(self.customer.names)
        return {name: f"candidate_{name}" if name in taken else name for name in self.candidate.names}

    def named(self, candidate_column: str) -> str:
        """Return the name a column of the candidate has here."""
        return self._renamed[candidate_column]

    def of_logged(
        self,
        customers: CustomerFeatures,
        chosen: Sequence[Candidate],
        actions: dict[str, Action],
        said: Sequence[Said] | None = None,
    ) -> Floats:
        """Return x (n, n_columns), row i being customer i with the candidate it got; ``said`` is what requests said."""
        own, width = len(self.customer.names), self.candidate_from
        x = np.empty((len(customers), len(self.names)))
        x[:, :own] = self.customer.encode(customers)
        x[:, own:width] = self.context.encode(said, len(customers))
        for candidate in sorted(set(chosen), key=str):
            rows = np.array([i for i, c in enumerate(chosen) if c == candidate])
            x[rows, width:] = self._block(candidate, customers, rows, actions)
        return x

    def of_candidates(
        self,
        customers: CustomerFeatures,
        encoded: Floats,
        candidates: Sequence[Candidate],
        actions: dict[str, Action],
        said: Said | Sequence[Said] | None = None,
    ) -> Floats:
        """Return x (n · K, n_columns): the K candidates of customer 0, then those of customer 1, …

        ``encoded`` is ``customer.encode(customers)``, computed once by the caller; ``said`` is what one request said, or
        each row's.
        """
        n, k, own, width = len(customers), len(candidates), len(self.customer.names), self.candidate_from
        shared = self._shared(candidates, actions)
        x = np.empty((n, k, len(self.names)))
        x[:, :, :own] = encoded[:, None, :]
        if width > own:
            x[:, :, own:width] = self.context.encode(said, n)[:, None, :]
        x[:, :, width:] = shared.fixed
        self.candidate.fill_all_pairs(x[:, :, width:], shared, customers)
        return x.reshape(n * k, len(self.names))

    def _shared(self, candidates: Sequence[Candidate], actions: dict[str, Action]) -> SharedColumns:
        """What is the same for every customer; kept, because a policy asks about the same candidates every time."""
        asked = [actions.get(action_id) for action_id, _ in candidates]
        known = self._last_shared.get("of")
        if (
            known is None
            or known[0] != tuple(candidates)
            or any(a is not b for a, b in zip(known[1], asked, strict=True))
        ):
            known = (tuple(candidates), asked, self.candidate.shared(candidates, asked))
            self._last_shared["of"] = known
        return known[2]

    @cached_property
    def _last_shared(self) -> dict[str, tuple[tuple[Candidate, ...], list[Action | None], SharedColumns]]:
        return {}

    def _block(
        self, candidate: Candidate, customers: CustomerFeatures, at: Any, actions: dict[str, Action]
    ) -> Floats:
        action_id, channel = candidate
        action = actions.get(action_id)
        block = np.tile(self.candidate.encode_action(action, action_id, channel), (len(at), 1))
        if action_id != NOTHING:
            self.candidate.fill_pairs(block, slice(None), customers, at, action, channel)
        return block

    def to_json(self) -> dict[str, Any]:
        return {
            "customer": self.customer.to_json(),
            "candidate": self.candidate.to_json(),
            "context": self.context.to_json(),
        }

    @classmethod
    def from_json(cls, features: FeatureSet, data: dict[str, Any]) -> DecisionInput:
        return cls(
            CustomerInput.from_json(features, data["customer"]),
            CandidateInput.from_json(features, data["candidate"]),
            ContextInput.from_json(data["context"]) if data.get("context") else NO_CONTEXT,
        )
