"""Guardrails that leave no plan, over catalogues where that can be seen by hand; and those that leave one."""

from __future__ import annotations

import pytest

from nbatool.base.guardrail_settings import Guardrails
from nbatool.base.records import Action
from nbatool.decide.catalogue import Catalogue, Offer
from nbatool.decide.contradictions import caps_that_stop_everything, shares_that_cannot_be

MAIL = Action("mail", "Mail", ("email",), tags=("promo", "news"))
CALL = Action("call", "Call", ("phone", "email"), tags=("promo",))
APART = Catalogue((Offer(CALL, "email", None), Offer(CALL, "phone", None), Offer(MAIL, "email", None)))
AT_ONCE = Catalogue((Offer(CALL, "phone+email", None), Offer(MAIL, "email", None)))


def caps(*entries: dict[str, object]) -> Guardrails:
    return Guardrails.model_validate({"max_contacts": [{"window": "7d", **entry} for entry in entries]})


@pytest.mark.parametrize(
    ("catalogue", "entries", "at"),
    [
        (APART, [{"channel": "email", "limit": 0}, {"channel": "phone", "limit": 0}], 1),
        (APART, [{"channel": "email", "limit": 0}, {"channel": "phone", "limit": 1}], None),
        (APART, [{"tag": "promo", "limit": 0}], 0),
        (APART, [{"action": "mail", "limit": 0}, {"channel": "phone", "limit": 0}], None),
        (APART, [{"action": "mail", "limit": 0}, {"limit": 3}, {"action": "call", "limit": 0}], 2),
        (AT_ONCE, [{"channel": "email", "limit": 0}], 0),
        (AT_ONCE, [{"channel": "phone", "limit": 0}], None),
        (Catalogue(()), [{"channel": "phone", "limit": 0}], None),
    ],
)
def test_caps_of_zero_must_leave_something(
    catalogue: Catalogue, entries: list[dict[str, object]], at: int | None
) -> None:
    found = list(caps_that_stop_everything(caps(*entries), catalogue))
    assert [keys for keys, _ in found] == ([] if at is None else [("max_contacts", at, "limit")])


@pytest.mark.parametrize(
    ("catalogue", "said", "told"),
    [
        (APART, {"max_share": [{"channel": "email", "share": 0.4}, {"channel": "phone", "share": 0.5}]}, "0.9 together, and every"),
        (APART, {"max_share": [{"channel": "email", "share": 0.4}, {"channel": "phone", "share": 0.6}]}, None),
        (APART, {"max_share": [{"channel": "email", "share": 0.4}]}, None),
        (APART, {"max_share": [{"tag": "promo", "share": 0.9}]}, "tags are 0.9 together"),
        (APART, {"min_share": [{"channel": "email", "share": 0.6}, {"channel": "phone", "share": 0.6}]}, "1.2 together; at most 1"),
        (AT_ONCE, {"min_share": [{"channel": "email", "share": 0.6}, {"channel": "phone", "share": 0.6}]}, None),
        (APART, {"min_share": [{"tag": "promo", "share": 0.6}, {"tag": "news", "share": 0.6}]}, None),
        (APART, {"min_share": [{"action": "mail", "share": 0.5}], "max_share": [{"channel": "email", "share": 0.3}]},
         "at least 0.5 of action mail is more than max_share allows of channel email, 0.3"),
        (APART, {"min_share": [{"action": "call", "share": 0.5}], "max_share": [{"channel": "email", "share": 0.3}]}, None),
    ],
)  # fmt: skip
def test_shares_must_leave_a_plan(catalogue: Catalogue, said: dict[str, object], told: str | None) -> None:
    found = [message for _, message in shares_that_cannot_be(Guardrails.model_validate(said), catalogue)]
    assert len(found) == (told is not None)
    assert told is None or told in found[0]
