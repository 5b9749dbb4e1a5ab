"""What event types mean, by their words and by what the rows do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nbatool.ingest.guess.records import TypeGuess
from nbatool.ingest.guess.words import words
from nbatool.ingest.guess.workbench import Workbench

_NOT_BOUGHT = {"refund", "refunded", "cancel", "cancelled", "canceled", "cancellation", "return", "returned", "fail",
               "failed", "failure", "started", "start", "begin", "began", "initiated", "initiate", "abandoned", "view",
               "viewed", "add", "added", "remove", "removed", "intent", "shipped", "delivered", "page", "updated",
               "declined", "pending", "estimate", "removal"}  # fmt: skip
_BOUGHT = ({"purchase", "purchases", "purchased", "transaction", "buy", "bought", "sale", "sold", "order", "orders",
            "ordered", "invoice", "txn"}, {"payment", "paid", "checkout", "charge", "subscribe", "deposit"})  # fmt: skip
_SENT = ({"sent", "send", "mailed", "contacted", "contact", "dispatched", "targeted", "emailed", "texted"},
         {"received", "receive", "delivered", "delivery", "impression", "impressions", "shown", "served", "exposed",
          "exposure", "displayed", "notified"})  # fmt: skip
_MESSAGE = {"offer", "email", "mail", "message", "sms", "push", "campaign", "newsletter", "notification", "ad", "ads",
            "banner", "coupon", "promo", "promotion", "inapp", "mailing", "letter", "creative"}  # fmt: skip
_LOOKED = {
    "open",
    "opened",
    "opens",
    "click",
    "clicked",
    "clicks",
    "view",
    "viewed",
    "views",
    "read",
    "seen",
    "tapped",
}
_TAKEN = {"completed", "complete", "redeem", "redeemed", "redemption", "convert", "converted", "conversion", "accept",
          "accepted", "claimed", "claim", "responded", "response", "used"}  # fmt: skip
_STOPPED = re.compile(r"unsubscrib|opt_?(ed_)?out|spam|complain|do_not_contact")


@dataclass(frozen=True, slots=True)
class TypeFacts:
    """What one event type's rows do: counts of rows, customers, different times, filled columns."""

    type: str
    rows: int
    customers: int
    times: int
    with_value: int
    with_action: int
    with_reward: int
    negative: int

    @property
    def carries(self) -> bool:
        """An amount in nearly every row."""
        return self.with_value >= 0.9 * self.rows and self.with_reward < 0.5 * self.rows

    @property
    def rewarded(self) -> bool:
        return self.with_reward >= 0.5 * self.rows

    @property
    def in_waves(self) -> bool:
        """Many customers at the same few times."""
        return self.times <= 60 and self.rows >= 20 * self.times and self.customers > 5 * self.times


def guessed_roles(bench: Workbench) -> tuple[TypeGuess, ...]:
    """A role and a reason for every event type in the table `history`, the most frequent first."""
    facts = [TypeFacts(*row) for row in bench.rows("types")]
    roles = _by_words(facts)
    contacts = [fact for fact in facts if roles.get(fact.type) == "contact"]
    doubts: dict[str, str] = {}
    if not contacts:
        contacts = _by_waves(facts, roles)
        for fact in contacts:
            roles[fact.type] = "contact"
            doubts[fact.type] = f'"{fact.type}" goes to many at the same times: taken for contacts we made.'
    if "purchase" not in roles.values():
        paid = _by_amount(facts, roles)
        if paid is not None:
            roles[paid.type] = "purchase"
            doubts[paid.type] = f'"{paid.type}" is the only type that carries an amount: taken for purchases.'
    doubts |= _unnetted(facts, roles)
    follows = _following(bench, [fact.type for fact in contacts])
    if contacts:
        _by_following(facts, roles, follows)
    return tuple(
        TypeGuess(
            f.type, f.rows, roles.get(f.type, ""), _why(f, roles.get(f.type, ""), follows), doubts.get(f.type)
        )
        for f in facts
    )


def _by_words(facts: Sequence[TypeFacts]) -> dict[str, str]:
    roles: dict[str, str] = {}
    for strength in (0, 1):
        for fact in facts:
            said = set(words(fact.type))
            about_order = bool(said & {"order", "orders", "package", "parcel", "item"})
            if _STOPPED.search("_".join(words(fact.type))):
                roles[fact.type] = "unsubscribe"
            elif said & _BOUGHT[strength] and not said & _NOT_BOUGHT and not said & _MESSAGE:
                if strength == 0 or "purchase" not in roles.values():
                    roles.setdefault(fact.type, "purchase")
            elif (
                said & _SENT[strength] and not about_order and not said & _LOOKED
                and (strength == 0 or not _same_message(said, roles))
            ):  # fmt: skip
                roles.setdefault(fact.type, "contact")
    for fact in facts:
        said = set(words(fact.type))
        if said & _LOOKED and said & _MESSAGE:
            roles.setdefault(fact.type, "engage")
        elif said & _TAKEN and (said & _MESSAGE or fact.with_action or len(said) == 1):
            roles.setdefault(fact.type, "convert")
    return roles


def _same_message(said: set[str], roles: dict[str, str]) -> bool:
    """`email delivered` beside `email sent` is the same contact seen twice."""
    about = said & _MESSAGE
    return any(role == "contact" and (set(words(name)) & _MESSAGE) == about for name, role in roles.items())


def _by_waves(facts: Sequence[TypeFacts], roles: dict[str, str]) -> list[TypeFacts]:
    return [f for f in facts if f.type not in roles and f.in_waves and f.with_action and not f.with_value][:1]


def _by_amount(facts: Sequence[TypeFacts], roles: dict[str, str]) -> TypeFacts | None:
    paid = [fact for fact in facts if fact.carries and fact.type not in roles]
    return paid[0] if len(paid) == 1 and set(words(paid[0].type)).isdisjoint(_NOT_BOUGHT) else None


def _by_following(facts: Sequence[TypeFacts], roles: dict[str, str], follows: dict[str, float]) -> None:
    """With contacts in the log, bare `open` and `click` that follow them are reactions to them."""
    for fact in facts:
        if fact.type not in roles and set(words(fact.type)) & _LOOKED and follows.get(fact.type, 0) >= 0.9:
            roles[fact.type] = "engage"


def _unnetted(facts: Sequence[TypeFacts], roles: dict[str, str]) -> dict[str, str]:
    """Types without a role that take money back: said once, at the most frequent."""
    if "purchase" not in roles.values():
        return {}
    back = [f for f in facts if f.type not in roles and f.with_value and f.negative >= 0.9 * f.with_value]
    if not back:
        return {}
    named = " and ".join(f'"{f.type}"' for f in back[:3])
    text = (
        f"{named} {'take' if len(back) > 1 else 'takes'} money back: not netted in lifetime value unless listed in [roles] purchase (then against the "
        "latest purchase, and features count it as a purchase), nor in the objective."
    )
    return {back[0].type: text}


def _following(bench: Workbench, contacts: list[str]) -> dict[str, float]:
    return dict(bench.rows("follows", contacts=contacts)) if contacts else {}


def _why(fact: TypeFacts, role: str, follows: dict[str, float]) -> str:
    reasons = []
    if role == "contact" and fact.in_waves:
        reasons.append(f"sent to many at the same {fact.times} times")
    if role in ("engage", "convert") and follows.get(fact.type, 0) >= 0.9:
        reasons.append("follows a contact")
    if role and fact.rewarded:
        reasons.append("carries a reward")
    elif role == "purchase" and fact.carries:
        reasons.append("carries an amount")
    if role and not reasons:
        reasons.append(f'its name says "{fact.type}"')
    return ", ".join(reasons)
