"""What each candidate is expected to bring: the outcome model where contacts were logged, else a propensity's worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nbatool.base.records import NOTHING
from nbatool.decide.catalogue import Catalogue
from nbatool.features.customer import CustomerFeatures
from nbatool.features.kinds import Floats
from nbatool.models.bundle import Bundle
from nbatool.models.candidates import Candidate
from nbatool.models.context_input import Said
from nbatool.models.shrinkage import shrink


@dataclass(frozen=True)
class Expected:
    """Expectations in currency: of nothing (n,), of each offer (n, n_offers), and P(convert) (n, n_offers)."""

    nothing: Floats
    outcome: Floats
    conversion: Floats


@dataclass(frozen=True)
class Expectation:
    """Predicts the outcome of every offer of a catalogue; the same numbers for one customer and for a million."""

    bundle: Bundle
    catalogue: Catalogue

    @cached_property
    def _logged(self) -> tuple[str, ...]:
        """Actions of the log: shrinkage pools over all of them, whatever may be chosen today."""
        outcome = self.bundle.outcome
        if outcome is None:
            return ()
        ids = outcome.card["actions"]
        return tuple(str(ids[int(code)]) for code in outcome.card["n_per_action"])

    @cached_property
    def columns(self) -> tuple[Candidate, ...]:
        """Candidates the model is asked about: the offers, logged actions not among them, and nothing."""
        offers = tuple(offer.candidate for offer in self.catalogue.offers)
        offered = {action for action, _ in offers}
        gone = tuple((action, None) for action in self._logged if action not in offered)
        return (*offers, *gone, (NOTHING, None))

    @cached_property
    def weights(self) -> tuple[Floats, Floats]:
        """Trust in each column's own uplift, and its share of the log split over an action's channels."""
        assert self.bundle.outcome is not None
        ids = list(self.bundle.outcome.card["actions"])
        columns = self.columns[:-1]
        codes = [ids.index(action) if action in ids else -1 for action, _ in columns]
        shrinkage = self.bundle.outcome.shrinkage
        repeats = np.array([codes.count(code) for code in codes], dtype=np.float64)
        return shrinkage.weights(codes), shrinkage.shares(codes) / repeats

    def predict(
        self,
        customers: CustomerFeatures,
        encoded: Floats,
        threads: int = 1,
        said: Said | Sequence[Said] | None = None,
    ) -> Expected:
        """Return what to expect; ``encoded`` is the customer columns of the models, ``said`` what requests said."""
        if self.bundle.outcome is None:
            return self._by_propensity(customers, encoded, threads)
        return self._by_outcome(customers, encoded, threads, said)

    def _by_outcome(
        self,
        customers: CustomerFeatures,
        encoded: Floats,
        threads: int,
        said: Said | Sequence[Said] | None,
    ) -> Expected:
        bundle, n, k = self.bundle, len(customers), len(self.catalogue.offers)
        assert bundle.outcome is not None
        assert bundle.decision is not None
        x = bundle.decision.of_candidates(customers, encoded, self.columns, self.catalogue.actions, said)
        nothing, uplift = bundle.outcome.expected(x, len(self.columns), threads)
        if k:
            uplift = shrink(uplift, *self.weights)
        conversion = np.zeros((n, k))
        if bundle.conversion is not None:
            rows = bundle.conversion.predict(x, threads).reshape(n, len(self.columns))
            conversion = rows[:, :k]
        outcome = bundle.outcome.bounded(nothing[:, None] + uplift[:, :k])
        return Expected(nothing, outcome, conversion)

    def _by_propensity(self, customers: CustomerFeatures, encoded: Floats, threads: int) -> Expected:
        """Without any logged contact: the chance of the action's target times the value of a response."""
        n, offers = len(customers), self.catalogue.offers
        outcome = np.zeros((n, len(offers)))
        chances: dict[str, Floats] = {}
        for j, offer in enumerate(offers):
            target, value = offer.action.target, offer.action.value_per_response
            if target is None or value is None:
                continue
            if target not in chances:
                chances[target] = self.bundle.propensities[target].predict(encoded, threads)
            outcome[:, j] = chances[target] * value
        return Expected(np.zeros(n), outcome, np.zeros((n, len(offers))))


def unvalued(catalogue: Catalogue, targets: Sequence[str]) -> list[str]:
    """Actions that cannot be valued without logged contacts: no target with a model, or no value_per_response."""
    return [
        action.id
        for action in catalogue.actions.values()
        if action.target not in targets or action.value_per_response is None
    ]
