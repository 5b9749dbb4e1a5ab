"""What counts as the outcome of a decision, as a live process knows it: objectives, windows, weights, waits.

The terms are published with the state, so that an answer to a decision needs neither the configuration nor the
warehouse. Posted values are whole ten-thousandths, so that their sum does not depend on their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from nbatool.base.clock import DAY_S, US_PER_S
from nbatool.base.errors import DataError, did_you_mean
from nbatool.base.records import LIFETIME_VALUE
from nbatool.features.lifetime_terms import LifetimeTerms

if TYPE_CHECKING:
    from nbatool.base.config import Config

UNCONFIRMED_AFTER_S = 3 * DAY_S
"""A contact of the night that nobody confirmed for so long was not made."""
UNITS = 10_000
"""A posted value in whole ten-thousandths."""


@dataclass(frozen=True, slots=True)
class Posted:
    """An outcome somebody told: for which objective, how much in ten-thousandths, and when it happened (µs)."""

    objective: str
    units: int
    ts_us: int


@dataclass(frozen=True, slots=True)
class ObjectiveTerms:
    """One objective; ``event`` None: its outcomes are posted. Clips in currency, the window in seconds.

    Of a lifetime value ``lifetime`` tells which events count, and posted outcomes are further purchases.
    """

    name: str
    event: str | None
    measure: str
    within: int
    match_action: bool
    clip_event: float | None
    clip_outcome: float | None
    weight: float
    lifetime: LifetimeTerms | None = None

    @property
    def by_events(self) -> bool:
        """Whether events say what it amounts to; else its outcomes are posted."""
        return self.event is not None or self.lifetime is not None

    def counts(self, as_of_us: int, ts_us: int) -> bool:
        """Whether an instant lies in the window of a decision."""
        return as_of_us <= ts_us < as_of_us + self.within * US_PER_S

    def measured(self, count: int, total: float) -> float:
        """Return the measure of ``count`` events worth ``total`` after clipping each, before the weight."""
        if self.lifetime is not None:
            return self.lifetime.margin * total
        amount = {"any": float(min(count, 1)), "count": float(count), "sum": total}[self.measure]
        return amount if self.clip_outcome is None else min(amount, self.clip_outcome)

    def posted(self, units: Iterable[int]) -> tuple[int, float]:
        """Return how many posted values count, and what they are worth after clipping each.

        A posted zero says that nothing happened: it is no event.

        >>> ObjectiveTerms("spend", None, "sum", 60, False, 5.0, None, 1.0).posted([0, 20_000, 90_000])
        (2, 7.0)
        """
        most = None if self.clip_event is None else round(self.clip_event * UNITS)
        kept = [value if most is None else min(value, most) for value in units if value]
        return len(kept), sum(kept) / UNITS


@dataclass(frozen=True, slots=True)
class OutcomeTerms:
    """All objectives, and how long their outcomes are waited for.

    Parameters
    ----------
    wait_s
        Time after a window's end until it is closed with what arrived.
    default_outcome
        Outcome of a decision for which nothing arrived, in currency.
    unconfirmed_after_s
        A contact of the night that is not confirmed within this expires.
    half_life_s
        Age at which an outcome counts half.
    zone
        Of dates given for the present, IANA name.
    """

    objectives: tuple[ObjectiveTerms, ...]
    wait_s: int
    default_outcome: float
    half_life_s: int
    unconfirmed_after_s: int = UNCONFIRMED_AFTER_S
    zone: str = "UTC"

    @classmethod
    def of(cls, config: Config) -> OutcomeTerms:
        """Return the terms of a configuration."""
        return cls(
            tuple(
                ObjectiveTerms(
                    o.name, o.event, o.measure, o.within, o.match_action, o.clip_event, o.clip_outcome, o.weight,
                    LifetimeTerms.of(o, config) if o.measure == LIFETIME_VALUE else None,
                )
                for o in config.objectives
            ),
            config.learning.wait, config.learning.default_outcome, config.learning.half_life,
            config.guardrails.unconfirmed_after,
            zone=config.workspace.timezone,
        )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> OutcomeTerms:
        objectives = tuple(_objective(o) for o in data["objectives"])
        return cls(**{**data, "objectives": objectives})

    @property
    def all_posted(self) -> bool:
        """Whether no objective waits for events: windows can then be closed without the warehouse."""
        return bool(self.objectives) and not any(o.by_events for o in self.objectives)

    @property
    def each_slot(self) -> bool:
        """Whether each place of a slate has an outcome of its own: everything that counts names its action."""
        return bool(self.objectives) and all(o.match_action for o in self.objectives)

    @property
    def unnamed(self) -> ObjectiveTerms | None:
        """The objective of outcomes that name none, as `unnamed_of`."""
        return unnamed_of(self.objectives)

    def closes_us(self, as_of_us: int) -> int:
        """Return when nothing more counts for a decision: after its longest window and the wait.

        >>> OutcomeTerms((), 3600, 0.0, 1).closes_us(0)
        3600000000
        """
        within_s = max((o.within for o in self.objectives), default=0)
        return as_of_us + (within_s + self.wait_s) * US_PER_S

    def objective(self, name: str | None) -> ObjectiveTerms:
        """Return the objective of that name; without one, the only one whose outcomes are posted, or the only one.

        Raises
        ------
        DataError
            There is none, or more than one.
        """
        names = [o.name for o in self.objectives]
        if not names:
            raise DataError(
                "no objective was published: add an [[objective]] to nba.toml, then nbatool train and score"
            )
        if name is not None:
            found = [o for o in self.objectives if o.name == name]
            if not found:
                hint = did_you_mean(name, names) or "; known are " + ", ".join(names)
                raise DataError(f'objective: there is no "{name}"{hint}')
            return found[0]
        candidates = [o for o in self.objectives if not o.by_events] or list(self.objectives)
        if len(candidates) > 1:
            raise DataError(
                "objective is missing: which of "
                + ", ".join(o.name for o in candidates)
                + " is this the outcome of?"
            )
        return candidates[0]

    def in_window(self, name: str, as_of_us: int, ts_us: int) -> bool:
        """Whether something counts: it happened at or after the moment, and before its objective's window ended."""
        return any(o.name == name and o.counts(as_of_us, ts_us) for o in self.objectives)

    def outcome(self, as_of_us: int, posted: Sequence[Posted]) -> float:
        """Return the outcome of a decision all of whose outcomes are posted, in currency.

        The weighted sum of the objectives' measures of what falls into their windows; the default where nothing does.
        """
        total, any_came = 0.0, False
        for o in self.objectives:
            values = [p.units for p in posted if p.objective == o.name and o.counts(as_of_us, p.ts_us)]
            any_came = any_came or bool(values)
            total += o.weight * o.measured(*o.posted(values))
        return total if any_came else self.default_outcome


def _objective(data: dict[str, Any]) -> ObjectiveTerms:
    lifetime = data.get("lifetime")
    return ObjectiveTerms(**{**data, "lifetime": LifetimeTerms.from_json(lifetime) if lifetime else None})


def unnamed_of(objectives: Sequence[ObjectiveTerms]) -> ObjectiveTerms | None:
    """Return the objective of outcomes that name none: the only one whose outcomes are posted, or the only one."""
    candidates = [o for o in objectives if not o.by_events] or list(objectives)
    return candidates[0] if len(candidates) == 1 else None
