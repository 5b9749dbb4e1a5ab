"""What is said while a night decides: suppressions by hand and live opt-outs hold for its contacts too.

A night works on what was known when it began. Each contact is looked at once more in the transaction that reserves it,
so that whoever opts out, or is suppressed, before that gets nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from nbatool.decide.catalogue import ALL_CHANNELS
from nbatool.decide.guardrails import Guardrails
from nbatool.decide.suppressed import offers_of
from nbatool.decide.taken_out import TakenOut
from nbatool.profile.consent import OUT, state_of, with_opt_out
from nbatool.store.online import OnlineStore


@dataclass
class Meanwhile:
    """Looks at contacts once more.

    Parameters
    ----------
    unsubscribes
        Event types of that role.
    position
        Of the event journal; what came before was known when the night began.
    as_of_us
        The moment of the night.
    """

    online: OnlineStore
    guards: Guardrails
    unsubscribes: Collection[str]
    position: int
    as_of_us: int
    _said: dict[str, dict[str, int]] = field(default_factory=dict)
    """Customer → marks of consent."""

    def forbids(self, offers: Mapping[str, int]) -> dict[str, TakenOut]:
        """Return what may not go out any more, by customer.

        Parameters
        ----------
        offers
            Customer → place of the offer wanted.
        """
        return self._suppressed(offers) | self._opted_out(offers)

    def _suppressed(self, offers: Mapping[str, int]) -> dict[str, TakenOut]:
        found: dict[str, TakenOut] = {}
        for one in self.online.suppressions.of_customers(offers, self.as_of_us):
            places = offers_of(one, self.guards.catalogue)
            concerned: Sequence[str] = list(offers) if one.customer_id is None else [one.customer_id]
            for customer_id in concerned:
                if offers[customer_id] in places:
                    rule = f"{one.reason} (suppression {one.id} by {one.who})"
                    found[customer_id] = TakenOut("suppressed", offers[customer_id], rule)
        return found

    def _opted_out(self, offers: Mapping[str, int]) -> dict[str, TakenOut]:
        while batch := self.online.journal_after(self.position):
            self.position = batch[-1][0]
            for _, event in batch:
                if event.type in self.unsubscribes:
                    before = self._said.get(event.customer_id, {})
                    self._said[event.customer_id] = with_opt_out(before, event.channel, event.ts_us)
        found: dict[str, TakenOut] = {}
        for customer_id in offers.keys() & self._said.keys():
            place, marks = offers[customer_id], self._said[customer_id]
            parts = self.guards.catalogue.offers[place].channel.split(ALL_CHANNELS)
            out = [part for part in parts if state_of(marks, part) == OUT]
            if out:
                rule = f"opted out of {out[0]} while the night worked"
                found[customer_id] = TakenOut("consent", place, rule)
        return found
