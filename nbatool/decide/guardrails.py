"""What may be done for whom at all: conditions, consent, contacts before, quiet hours; the steps of the funnel they are.

Nothing here looks at money: what is removed is removed, whatever it would earn. One evaluation serves the night and a live
decision; what it looks at beside features and scores comes in as `Circumstances`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import US_PER_S
from nbatool.base.expressions import Tree, names_in
from nbatool.decide.best import Bools, Floats, Indices
from nbatool.decide.catalogue import Catalogue
from nbatool.decide.consented import consented, single_channels
from nbatool.decide.contact_rules import CAP, ContactRules, PastContacts, is_about, kind_of
from nbatool.decide.population_limits import NO_LIMITS, PopulationLimits
from nbatool.decide.quiet_hours import Parts, QuietHours
from nbatool.store.suppressions import Suppression

REACH, APPLICABLE, SUPPRESSED = "reach", "applicable", "suppressed"
CONSENT, QUIET, REVIEW = "consent", "quiet", "review"


@dataclass(frozen=True)
class Condition:
    """An expression that removes offers.

    Parameters
    ----------
    step
        `REACH`, `APPLICABLE`, `SUPPRESSED` or `REVIEW`.
    when
        Compiled; it may read features, scores, ``action.*`` and ``context.*``.
    subject, name
        Which offers it is about: ("channel", "email"), ("action", id), ("tag", tag); "" for all.
    removes
        Whether it removes where it is true (`SUPPRESSED`, `REVIEW`); else where it is not (null is not true).
    reason
        In words, for people.
    """

    step: str
    when: Tree
    subject: str = ""
    name: str = ""
    removes: bool = False
    reason: str = ""

    def offers(self, catalogue: Catalogue) -> list[int]:
        kinds = [kind_of(offer) for offer in catalogue.offers]
        return [
            j for j, kind in enumerate(kinds) if not self.subject or is_about(kind, self.subject, self.name)
        ]


@dataclass(frozen=True)
class Circumstances:
    """What guardrails look at beside features and scores, of n customers.

    Parameters
    ----------
    contacts
        Those that count.
    consent
        int8[n, n_channels] of `profile.consent`, in the order of `Guardrails.channels`.
    zones
        (n,) IANA zone of each customer; None for the workspace's.
    suppressed
        bool[n, n_offers]: what somebody suppressed by hand.
    suppressions
        Those that are in ``suppressed``: what people are told.
    live
        Whether an answer goes out at once: then quiet hours remove what the night lets wait until they end.
    charge
        (n, n_offers) prices of limits times what a contact uses of them, in currency; None: nothing is limited.
    full
        int16[n, n_offers]: 1 + the place in ``limits`` of the one that has no room for one more contact, 0 where none; None:
        no limit is looked at yet.
    limits
        What people call the limits.
    prices
        What is in ``charge``, by limit, in currency per unit.
    """

    contacts: PastContacts
    consent: NDArray[np.int8]
    zones: Sequence[str | None]
    suppressed: Bools | None = None
    suppressions: Sequence[Suppression] = ()
    live: bool = False
    charge: Floats | None = None
    full: NDArray[np.int16] | None = None
    limits: Sequence[str] = ()
    prices: Sequence[float] = ()


@dataclass(frozen=True)
class Guardrails:
    """The guardrails of a workspace over the offers of its catalogue.

    Parameters
    ----------
    catalogue
        Whose offers they are about.
    conditions
        In the order of the steps.
    consent
        Channels nobody is contacted on without having agreed.
    contacts
        Caps and gaps.
    quiet
        Hours in which nothing goes out.
    unconfirmed_s
        After so long a reserved contact nobody confirmed counts no longer.
    review
        What a person must look at first, in the order of the file.
    """

    catalogue: Catalogue
    conditions: tuple[Condition, ...] = ()
    consent: frozenset[str] = frozenset()
    contacts: ContactRules = field(default_factory=lambda: ContactRules((), Catalogue(())))
    quiet: QuietHours = field(default_factory=QuietHours)
    unconfirmed_s: int = 3 * 86_400
    review: tuple[Condition, ...] = ()
    limits: PopulationLimits = NO_LIMITS

    @property
    def longest_us(self) -> int:
        """How far back the contact log matters to anything here: caps, gaps, limits and waiting for a word."""
        windows = [self.unconfirmed_s, *(limit.window_s or 0 for limit in self.limits.limits)]
        return max(self.contacts.longest_us, max(windows) * US_PER_S)

    @cached_property
    def channels(self) -> tuple[str, ...]:
        """Single channels that offers go out on."""
        return single_channels([offer.channel for offer in self.catalogue.offers])

    @cached_property
    def channels_of_offers(self) -> list[str]:
        """Channels of the offers, as candidates write them."""
        return [offer.channel for offer in self.catalogue.offers]

    @cached_property
    def names_used(self) -> frozenset[str]:
        """Names the conditions and the review rules read."""
        return frozenset(name for c in self.conditions for name in names_in(c.when)) | self.names_of_review

    @cached_property
    def names_of_review(self) -> frozenset[str]:
        """Names the review rules read."""
        return frozenset(name for rule in self.review for name in names_in(rule.when))

    def disagreed(self, told: Circumstances) -> Bools:
        """Return bool[n, n_offers]: what consent forbids; an opt-out does so always."""
        return ~consented(told.consent, self.channels, self.channels_of_offers, self.consent)

    def send_at_us(self, as_of_us: Indices, told: Circumstances) -> Indices:
        """Return int64[n, n_offers]: when each offer may go out, from the moment on; `NEVER` where it never may."""
        return self.quiet.next_allowed_us(as_of_us, told.zones, self.channels_of_offers)

    @cached_property
    def offers_by_quiet(self) -> dict[Parts, Indices]:
        """Offers by the parts of the day they are quiet in, without those that never are."""
        found: dict[Parts, list[int]] = {}
        for j, channel in enumerate(self.channels_of_offers):
            found.setdefault(self.quiet.parts_of(channel), []).append(j)
        return {parts: np.array(offers, np.int64) for parts, offers in found.items() if parts}

    def of_contacts(self, as_of_us: Indices, told: Circumstances) -> tuple[Bools, Bools]:
        """Return bool[n, n_offers] twice: what a cap removes, and what a gap removes where no cap does."""
        broken = self.contacts.broken(told.contacts, as_of_us)
        if not broken.any():
            none = np.zeros(broken.shape, np.bool_)
            return none, none
        is_cap = self._is_cap[broken]
        return is_cap, (broken > 0) & ~is_cap

    @cached_property
    def _is_cap(self) -> Bools:
        """By 1 + the place of a rule: whether it is a cap."""
        return np.array([False, *(rule.step == CAP for rule in self.contacts.rules)])

    def to_json(self) -> dict[str, Any]:
        return {
            "conditions": [_row(c) for c in self.conditions],
            "consent": sorted(self.consent),
            "contacts": self.contacts.to_json(),
            "quiet": self.quiet.to_json(),
            "unconfirmed_s": self.unconfirmed_s,
            "review": [_row(c) for c in self.review],
            "limits": self.limits.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], catalogue: Catalogue) -> Guardrails:
        return cls(
            catalogue,
            tuple(Condition(*row) for row in data["conditions"]),
            frozenset(data["consent"]),
            ContactRules.from_json(data["contacts"], catalogue),
            QuietHours.from_json(data["quiet"]),
            int(data["unconfirmed_s"]),
            tuple(Condition(*row) for row in data["review"]),
            PopulationLimits.from_json(data["limits"], catalogue),
        )


def _row(c: Condition) -> list[Any]:
    return [c.step, c.when, c.subject, c.name, c.removes, c.reason]
