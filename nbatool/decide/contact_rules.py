"""Caps and gaps: how often one customer is contacted at most, over all, by channel, action and tag.

A rule counts the contacts of a sliding window: those later than ``as_of − window``, later ones included (a contact that
waits for the end of quiet hours is promised). Where there are as many as its limit, it removes what it is about. A least
gap is a limit of one. A contact is matched by its tags as they were when it was made, a candidate by those it has now.

That no window of that length ever holds more follows: take the contact of a window that was decided last. It goes out at
s, not before it was decided at t, and every other one of the window is later than t − window, so it was counted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import US_PER_S, format_duration
from nbatool.decide.catalogue import ALL_CHANNELS, Catalogue, Offer
from nbatool.store.contact import ContactKind

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
CAP, GAP = "cap", "gap"
FEW_A_RULE = 16
"""Contacts, and customers, per rule up to which contacts are counted one by one; arrays cost more than they save."""


def is_about(kind: ContactKind, subject: str, name: str) -> bool:
    """Return whether a contact counts for a channel, action or tag.

    >>> mail = ContactKind("a", "email+push", ())
    >>> is_about(mail, "channel", "push"), is_about(mail, "tag", "promo")
    (True, False)
    """
    if subject == "channel":
        return kind.channel is not None and name in kind.channel.split(ALL_CHANNELS)
    return name == kind.action_id if subject == "action" else name in kind.tags


def kind_of(offer: Offer) -> ContactKind:
    """Return what a contact with an offer would be."""
    return ContactKind(offer.action.id, offer.channel, offer.action.tags, offer.action.cost)


def kind_of_others(catalogue: Catalogue, action_id: str | None, channel: str | None) -> ContactKind:
    """Return what a contact was that somebody else made; its tags are those the catalogue has now."""
    action = catalogue.actions.get(action_id or "")
    return ContactKind(action_id or "", channel, () if action is None else action.tags, 0.0)


Listed = tuple[int, int, ContactKind]
"""A contact: row, µs since 1970, and what it was."""


@dataclass(frozen=True)
class PastContacts:
    """Contacts of n customers that count, in any order.

    Parameters
    ----------
    row
        int64[k]: whose, as the row of the decision.
    at_us
        int64[k]: when each goes or went out, µs since 1970.
    kind
        int64[k]: place in ``kinds``, which may name a kind more than once.
    """

    row: Ints
    at_us: Ints
    kind: Ints
    kinds: tuple[ContactKind, ...]

    @staticmethod
    def of_one(contacts: Sequence[tuple[int, ContactKind]]) -> PastContacts:
        """Return the contacts of the one customer of a decision: (at_us, what it was)."""
        return ListedContacts([(0, at_us, kind) for at_us, kind in contacts])

    @cached_property
    def listed(self) -> Sequence[Listed]:
        """Row, time and kind of each."""
        rows = zip(self.row.tolist(), self.at_us.tolist(), self.kind.tolist(), strict=True)
        return [(row, at_us, self.kinds[kind]) for row, at_us, kind in rows]

    @property
    def count(self) -> int:
        return len(self.row)

    def of_rows(self, first: int, last: int) -> PastContacts:
        """Return those of the rows ``first <= row < last``, counted from 0; rows must be ascending."""
        a, b = np.searchsorted(self.row, [first, last])
        return PastContacts(self.row[a:b] - first, self.at_us[a:b], self.kind[a:b], self.kinds)


class ListedContacts(PastContacts):
    """Contacts of few customers, rows ascending: arrays of them are made only where somebody asks for one."""

    def __init__(self, listed: Sequence[Listed]) -> None:
        self.__dict__["listed"] = listed

    @property
    def count(self) -> int:
        return len(self.listed)

    @cached_property
    def row(self) -> Ints:
        return np.array([row for row, _, _ in self.listed], np.int64)

    @cached_property
    def at_us(self) -> Ints:
        return np.array([at_us for _, at_us, _ in self.listed], np.int64)

    @cached_property
    def kind(self) -> Ints:
        return np.arange(len(self.listed))

    @cached_property
    def kinds(self) -> tuple[ContactKind, ...]:
        return tuple([kind for _, _, kind in self.listed])

    def of_rows(self, first: int, last: int) -> PastContacts:
        a, b = (bisect_left(self.listed, row, key=itemgetter(0)) for row in (first, last))
        return ListedContacts([(row - first, at_us, kind) for row, at_us, kind in self.listed[a:b]])


NO_CONTACTS = PastContacts(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64), ())


@dataclass(frozen=True, slots=True)
class ContactRule:
    """At most ``limit`` contacts within a window.

    Parameters
    ----------
    step
        `CAP` or `GAP`: how people call it.
    subject
        "channel", "action" or "tag"; "" for every contact.
    name
        Which channel, action or tag.
    """

    step: str
    limit: int
    window_s: int
    subject: str = ""
    name: str = ""

    def counts(self, kind: ContactKind) -> bool:
        return not self.subject or is_about(kind, self.subject, self.name)

    def text(self) -> str:
        """Return the rule in words.

        >>> ContactRule(CAP, 2, 604800, "channel", "email").text()
        'at most 2 contacts by channel email in 7d'
        >>> ContactRule(GAP, 1, 86400, "action", "tea").text()
        'at least 1d between contacts with action tea'
        """
        way = {"": "", "channel": " by channel ", "action": " with action ", "tag": " tagged "}[self.subject]
        window = format_duration(self.window_s)
        if self.step == GAP:
            return f"at least {window} between contacts{way}{self.name}"
        unit = "contact" if self.limit == 1 else "contacts"
        return f"at most {self.limit} {unit}{way}{self.name} in {window}"


@dataclass(frozen=True)
class ContactRules:
    """The rules of a workspace over the offers of its catalogue; caps come before gaps.

    Examples
    --------
    >>> from nbatool.base.records import Action
    >>> catalogue = Catalogue((Offer(Action("a", "a", ("email",)), "email", None),))
    >>> rules = ContactRules((ContactRule(CAP, 1, 3600),), catalogue)
    >>> past = PastContacts.of_one([(0, ContactKind("b", "push", ()))])
    >>> rules.broken(past, np.array([3_599_999_999])).tolist(), rules.broken(past, np.array([3_600_000_000])).tolist()
    ([[1]], [[0]])
    """

    rules: tuple[ContactRule, ...]
    catalogue: Catalogue

    @cached_property
    def longest_us(self) -> int:
        """How far back contacts matter."""
        return max((rule.window_s for rule in self.rules), default=0) * US_PER_S

    @cached_property
    def offers(self) -> list[Ints]:
        """Per rule: the offers it removes."""
        kinds = [kind_of(offer) for offer in self.catalogue.offers]
        return [
            np.array([j for j, kind in enumerate(kinds) if rule.counts(kind)], np.int64)
            for rule in self.rules
        ]

    def counted(self, rule: ContactRule, past: PastContacts, as_of_us: Ints) -> Ints:
        """Return int64[n]: the contacts of each row that a rule counts."""
        counts = np.array([rule.counts(kind) for kind in past.kinds], dtype=np.bool_)
        if not counts.any():
            return np.zeros(len(as_of_us), np.int64)
        inside = counts[past.kind] & (past.at_us > as_of_us[past.row] - rule.window_s * US_PER_S)
        return np.bincount(past.row[inside], minlength=len(as_of_us))

    def broken(self, past: PastContacts, as_of_us: Ints) -> NDArray[np.int16]:
        """Return int16[n, n_offers]: 0, or 1 + the place of the first rule that removes an offer."""
        n = len(as_of_us)
        found = np.zeros((n, len(self.catalogue.offers)), np.int16)
        if self.are_few(past, n):
            for r, row in self.reached(past, as_of_us):
                found[row][self.offers[r]] = r + 1
            return found
        for r in range(len(self.rules) - 1, -1, -1):
            full = self.counted(self.rules[r], past, as_of_us) >= self.rules[r].limit
            found[np.ix_(full, self.offers[r])] = r + 1
        return found

    def are_few(self, past: PastContacts, n: int) -> bool:
        """Whether contacts of n customers are so few that they are counted one by one."""
        return max(past.count, n) <= FEW_A_RULE * len(self.rules)

    def reached(self, past: PastContacts, as_of_us: Ints) -> list[tuple[int, int]]:
        """Return the rules that allow a customer no more as (place, row), the last rule first.

        Each contact is looked at once, by the rules that count it.
        """
        n, now_us = len(as_of_us), as_of_us.tolist()
        # A rule and a row are one number, r · n + row, which is in the order of the rules.
        reached = [r * n + row for r in self._always for row in range(n)]
        seen: dict[int, int] = {}
        for row, at_us, kind in past.listed:
            age_us = now_us[row] - at_us
            for r, window_us, limit in self._counting(kind):
                if age_us < window_us:
                    key = r * n + row
                    seen[key] = count = seen.get(key, 0) + 1
                    if count == limit:
                        reached.append(key)
        reached.sort(reverse=True)
        return [divmod(key, n) for key in reached]

    @cached_property
    def _always(self) -> list[int]:
        """Places of the rules that allow nothing at all."""
        return [r for r, rule in enumerate(self.rules) if rule.limit <= 0]

    def _counting(self, kind: ContactKind) -> list[tuple[int, int, int]]:
        """Place, window in µs and limit of each rule that counts a kind of contact."""
        known = self._known.get(kind)
        if known is None:
            known = self._known[kind] = [
                (r, rule.window_s * US_PER_S, rule.limit)
                for r, rule in enumerate(self.rules)
                if rule.counts(kind)
            ]
        return known

    @cached_property
    def _known(self) -> dict[ContactKind, list[tuple[int, int, int]]]:
        return {}

    def to_json(self) -> list[dict[str, Any]]:
        return [asdict(rule) for rule in self.rules]

    @classmethod
    def from_json(cls, data: Sequence[dict[str, Any]], catalogue: Catalogue) -> ContactRules:
        return cls(tuple(ContactRule(**rule) for rule in data), catalogue)
