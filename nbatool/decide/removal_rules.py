"""Which rule of the guardrails removed an offer, in words: what it allows, and what it found."""

from __future__ import annotations

import numpy as np

from nbatool.base.clock import format_time
from nbatool.decide.catalogue import ALL_CHANNELS
from nbatool.decide.contact_rules import kind_of
from nbatool.decide.guardrails import Circumstances, Guardrails
from nbatool.decide.quiet_hours import NEVER
from nbatool.decide.suppressed import offers_of
from nbatool.profile.consent import OUT, UNKNOWN


def rule_of(
    guards: Guardrails, told: Circumstances, as_of_us: int, step: str, offer: int, row: int = 0, customer_id: str | None = None
) -> str | None:  # fmt: skip
    """Return the rule that removed an offer at a step; None where an expression did, which others word.

    Parameters
    ----------
    told
        What the guardrails looked at.
    row
        Whose, in ``told``.
    """
    if step in {"cap", "gap"}:
        return _of_contacts(guards, told, as_of_us, offer, row)
    if step == "consent":
        return _of_consent(guards, told, offer, row)
    if step == "quiet":
        goes = int(guards.send_at_us(np.array([as_of_us]), _one(told, row))[0, offer])
        channel = guards.catalogue.offers[offer].channel
        return (
            f"{channel} never goes out" if goes == NEVER else f"{channel} may go out at {format_time(goes)}"
        )
    if step == "suppressed" and told.suppressed is not None and told.suppressed[row, offer]:
        return _of_suppressions(guards, told, offer, customer_id)
    if step == "limit" and told.full is not None and told.full[row, offer]:
        return f"{told.limits[int(told.full[row, offer]) - 1]} has no room for one more"
    return None


def _one(told: Circumstances, row: int) -> Circumstances:
    return Circumstances(
        told.contacts.of_rows(row, row + 1), told.consent[row : row + 1], told.zones[row : row + 1]
    )


def _of_contacts(guards: Guardrails, told: Circumstances, as_of_us: int, offer: int, row: int) -> str | None:
    """The cap or gap, and the contacts it counts."""
    past, at = told.contacts.of_rows(row, row + 1), np.array([as_of_us])
    place = int(guards.contacts.broken(past, at)[0, offer])
    if place == 0:
        return None
    rule = guards.contacts.rules[place - 1]
    count = int(guards.contacts.counted(rule, past, at)[0])
    if count == 0:
        return rule.text()
    newest = max(
        (at_us, kind) for at_us, kind in zip(past.at_us.tolist(), past.kind.tolist(), strict=True)
        if rule.counts(past.kinds[kind])
    )  # fmt: skip
    kind = past.kinds[newest[1]]
    said = f"{kind.action_id or 'a contact'}{f' by {kind.channel}' if kind.channel else ''}"
    return f"{rule.text()} ({count} counted, the latest {said} at {format_time(newest[0])})"


def _of_consent(guards: Guardrails, told: Circumstances, offer: int, row: int) -> str | None:
    channel = kind_of(guards.catalogue.offers[offer]).channel or ""
    for part in channel.split(ALL_CHANNELS):
        state = int(told.consent[row, guards.channels.index(part)])
        if state == OUT:
            return f"opted out of {part}"
        if state == UNKNOWN and part in guards.consent:
            return f"has not agreed to {part} (require_consent)"
    return None


def _of_suppressions(
    guards: Guardrails, told: Circumstances, offer: int, customer_id: str | None
) -> str | None:
    for found in told.suppressions:
        concerned = found.customer_id is None or found.customer_id == customer_id
        if concerned and offer in offers_of(found, guards.catalogue):
            until = "" if found.until_us is None else f", until {format_time(found.until_us)}"
            return f"{found.reason} (suppression {found.id} by {found.who}{until})"
    return None
