"""Guardrails that no plan can keep over a catalogue: each is a rule by itself, and together they leave nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nbatool.base.clock import format_duration
from nbatool.decide.catalogue import Catalogue
from nbatool.decide.contact_rules import is_about, kind_of

if TYPE_CHECKING:
    from nbatool.base.guardrail_settings import About, ContactShare
    from nbatool.base.guardrail_settings import Guardrails as Settings

Found = Iterator[tuple[tuple[str | int, ...], str]]
ROUNDING = 1e-9
"""Shares are written as decimal fractions; their sum is off by less."""


def caps_that_stop_everything(settings: Settings, catalogue: Catalogue) -> Found:
    """Yield the caps of zero that together leave no candidate anybody could ever get."""
    stopped: set[int] = set()
    for index, cap in enumerate(settings.max_contacts):
        about = _about(cap, catalogue) if cap.limit == 0 else frozenset()
        stopped |= about
        if about and len(stopped) == len(catalogue.offers):
            yield (
                ("max_contacts", index, "limit"),
                f"0 contacts in {format_duration(cap.window)}{_name(cap)} leaves nothing that could ever go out; "
                "to plan without contacts use --dry-run",
            )
            return


def shares_that_cannot_be(settings: Settings, catalogue: Catalogue) -> Found:
    """Yield the shares of contacts that no plan can keep."""
    for index, least in enumerate(settings.min_share):
        about = _about(least, catalogue)
        for most in settings.max_share:
            if (
                least.share > most.share
                and least.subject != most.subject
                and about <= _about(most, catalogue)
            ):
                yield (
                    ("min_share", index, "share"),
                    f"at least {least.share:g}{_name(least)} is more than max_share allows{_name(most)}, "
                    f"{most.share:g}, and all of it is that: no plan can have both",
                )
    for subject in ("channel", "action", "tag"):
        least_of = [e for e in settings.min_share if e.subject is not None and e.subject[0] == subject]
        most_of = [e for e in settings.max_share if e.subject is not None and e.subject[0] == subject]
        total = sum(entry.share for entry in least_of)
        if total > 1 + ROUNDING and _are_apart(least_of, catalogue):
            yield ("min_share",), f"the shares of {subject}s are {total:g} together; at most 1"
        total = sum(entry.share for entry in most_of)
        if total < 1 - ROUNDING and most_of and _are_all(most_of, catalogue):
            yield (
                ("max_share",),
                f"the shares of {subject}s are {total:g} together, and every contact is of one of them: "
                "no plan but none at all can keep them; let them make 1 or more",
            )


def _about(entry: About, catalogue: Catalogue) -> frozenset[int]:
    kinds = [kind_of(offer) for offer in catalogue.offers]
    subject = entry.subject
    return frozenset(j for j, kind in enumerate(kinds) if subject is None or is_about(kind, *subject))


def _are_apart(entries: Sequence[ContactShare], catalogue: Catalogue) -> bool:
    """Whether no candidate counts for two of them: a message on two channels does, and so may tags."""
    sets = [_about(entry, catalogue) for entry in entries]
    return sum(map(len, sets)) == len(frozenset().union(*sets))


def _are_all(entries: Sequence[ContactShare], catalogue: Catalogue) -> bool:
    return len(frozenset().union(*(_about(entry, catalogue) for entry in entries))) == len(catalogue.offers)


def _name(entry: About) -> str:
    return "" if entry.subject is None else f" of {' '.join(entry.subject)}"
