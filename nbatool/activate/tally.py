"""What a night decided, added up chunk by chunk: customers and money by action, what trying and keeping apart cost."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nbatool.base.records import NOTHING
from nbatool.decide.arms import POLICY
from nbatool.decide.batch import ScoredChunk
from nbatool.decide.best import Bools, Floats
from nbatool.decide.exploration import column_sums, given_up
from nbatool.decide.policy import Policy
from nbatool.models.table import IntArray


@dataclass(frozen=True)
class Share:
    """What one action is chosen for: customers, and net value over all of them in currency."""

    action_id: str
    name: str
    customers: int
    net_value: float


def less_than_best(chosen: IntArray, chance: Floats, net_value: Floats) -> int:
    """Count those who get something worth less than the best they could have got; another channel of the same worth is
    no less.

    >>> less_than_best(np.array([1, 1, -1]), np.full((3, 3), 1 / 3), np.array([[2.0, 2.0, 0], [2, 1, 0], [2, 1, 0]]))
    2
    """
    if not len(chosen):
        return 0
    best = np.where(chance > 0.0, net_value, -np.inf).max(axis=1)
    at = np.where(chosen < 0, net_value.shape[1] - 1, chosen)
    return int((net_value[np.arange(len(at)), at] < best).sum())


def missed(chance: Floats, net_value: Floats, possible: Bools) -> Floats:
    """Return what each customer kept apart is expected to miss: the best possible net value less what they get.

    >>> every = np.ones((2, 2), dtype=bool)
    >>> missed(np.array([[0.0, 1.0], [0.5, 0.5]]), np.array([[3.0, 0.0], [-1.0, 0.0]]), every).tolist()
    [3.0, 0.5]
    """
    best = np.where(possible, net_value, -np.inf).max(axis=1, initial=-np.inf)
    got = column_sums(chance * np.where(chance > 0.0, net_value, 0.0))
    return np.where(np.isfinite(best), best - got, 0.0)


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
    apart: float = 0.0
    tried: int = 0

    def add(self, chunk: ScoredChunk) -> None:
        self._add_choices(chunk)
        self._add_practice(chunk)

    def _add_practice(self, chunk: ScoredChunk) -> None:
        """What trying and keeping apart cost, and how many are kept apart or tried on."""
        decision = chunk.decision
        # What a limit took out was not chosen, and has no chances.
        made = ~np.isnan(decision.probability_in_arm[:, -1])
        mine, others = made & (decision.arm == POLICY), made & (decision.arm != POLICY)
        worth = self.policy.worth(decision)
        self.kept_apart += int((decision.arm != POLICY).sum())
        self.apart += float(
            missed(decision.probability_in_arm[others], worth.net_value[others], worth.possible[others]).sum()
        )
        net_value, chance = worth.net_value[mine], decision.probability_in_arm[mine]
        self.exploring += float(given_up(chance, net_value).sum())
        self.tried += less_than_best(decision.chosen[mine], chance, net_value)

    def _add_choices(self, chunk: ScoredChunk) -> None:
        decision, offers = chunk.decision, self.policy.catalogue.offers
        money = decision.money
        for j in range(-1, len(offers)):
            rows = decision.chosen == j
            name = offers[j].action.id if j >= 0 else NOTHING
            self.counts[name] = self.counts.get(name, 0) + int(rows.sum())
            if j >= 0:
                worth = money[rows, j]
                self.values[name] = self.values.get(name, 0.0) + float(worth.sum())
                possible = decision.removed[:, j] == 0
                total = float(money[possible, j].sum())
                key = f"{name}\x00{offers[j].channel}"
                self.single[key] = self.single.get(key, 0.0) + total
        chosen = np.flatnonzero(decision.chosen >= 0)
        if len(chosen):
            worth = money[chosen, decision.chosen[chosen]]
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
