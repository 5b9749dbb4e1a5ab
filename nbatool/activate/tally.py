"""What a night decided, added up chunk by chunk: customers and money by action, what trying and keeping apart cost."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nbatool.base.records import NOTHING
from nbatool.decide.arms import POLICY
from nbatool.decide.batch import ScoredChunk
from nbatool.decide.exploration import given_up
from nbatool.decide.policy import Policy


@dataclass(frozen=True)
class Share:
    """What one action is chosen for: customers, and net value over all of them in currency."""

    action_id: str
    name: str
    customers: int
    net_value: float


@dataclass
class Tally:
    """Adds up the decisions chunk by chunk."""

    policy: Policy
    counts: dict[str, int] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)
    single: dict[str, float] = field(default_factory=dict)
    best: tuple[float, int] = (0.0, -1)
    exploring: float = 0.0
    kept_apart: int = 0
    tried: int = 0

    def add(self, chunk: ScoredChunk) -> None:
        self._add_choices(chunk)
        self._add_practice(chunk)

    def _add_practice(self, chunk: ScoredChunk) -> None:
        """What trying costs, and how many are kept apart or tried on."""
        decision = chunk.decision
        mine = decision.arm == POLICY
        self.kept_apart += int((~mine).sum())
        net_value = self.policy.worth(decision).net_value[mine]
        chance = decision.probability_in_arm[mine]
        self.exploring += float(given_up(chance, net_value).sum())
        chosen = np.where(decision.chosen[mine] < 0, net_value.shape[1] - 1, decision.chosen[mine])
        rows = np.arange(len(chosen))
        self.tried += int((chance[rows, chosen] < chance.max(axis=1, initial=0.0)).sum())

    def _add_choices(self, chunk: ScoredChunk) -> None:
        decision, offers = chunk.decision, self.policy.catalogue.offers
        for j in range(-1, len(offers)):
            rows = decision.chosen == j
            name = offers[j].action.id if j >= 0 else NOTHING
            self.counts[name] = self.counts.get(name, 0) + int(rows.sum())
            if j >= 0:
                worth = decision.net_value[rows, j]
                self.values[name] = self.values.get(name, 0.0) + float(worth.sum())
                possible = decision.removed[:, j] == 0
                total = float(decision.net_value[possible, j].sum())
                key = f"{name}\x00{offers[j].channel}"
                self.single[key] = self.single.get(key, 0.0) + total
        chosen = np.flatnonzero(decision.chosen >= 0)
        if len(chosen):
            worth = decision.net_value[chosen, decision.chosen[chosen]]
            k = int(np.argmax(worth))
            self.best = max(self.best, (float(worth[k]), chunk.first + int(chosen[k])), key=lambda b: b[0])

    def mix(self) -> tuple[Share, ...]:
        actions = self.policy.catalogue.actions
        shares = [
            Share(name, actions[name].name if name in actions else NOTHING, n, self.values.get(name, 0.0))
            for name, n in self.counts.items()
        ]
        return tuple(sorted(shares, key=lambda s: (-s.customers, s.action_id)))

    def best_single(self) -> tuple[str, float] | None:
        if not self.single:
            return None
        key = max(sorted(self.single), key=lambda k: self.single[k])
        return key.split("\x00")[0], self.single[key]
