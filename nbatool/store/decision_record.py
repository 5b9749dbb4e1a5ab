"""A decision as it is kept live: what a later judge needs, and what an outcome teaches from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Candidate = tuple[str, str | None]
"""(action_id, channel); ``("nothing", None)`` is the last of a decision's candidates."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a decision, with what an outcome of it is compared to.

    Parameters
    ----------
    as_of_us
        The moment decided at; outcomes count from here on, µs since 1970.
    closes_us
        Nothing that arrives after this counts.
    expected
        Expected outcome of what was chosen, in currency; None where it is not known.
    phi
        The context the fast learner sees, encoded, (d,); empty where none was in force.
    believed
        Expected with what had been learned since the models were trained; None: the same as ``expected``.
    """

    decision_id: str
    as_of_us: int
    closes_us: int
    model_version: str
    action_id: str
    channel: str | None
    expected: float | None
    phi: Sequence[float] | NDArray[np.float64]
    believed: float | None = None

    @property
    def foreseen(self) -> float | None:
        """What was expected of it in all."""
        return self.expected if self.believed is None else self.believed


class Slot(msgspec.Struct, frozen=True, array_like=True):
    """What one place of a decision got: a candidate, and the chance it had within the arm and over all arms.

    None: the caller chose, with a chance nobody knows.
    """

    candidate: int
    probability_in_arm: float | None
    probability: float | None


class DecisionRecord(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """A decision of ``k`` offers and `nothing`; lists of length k + 1 are in the order of ``candidates``.

    Parameters
    ----------
    slots
        One, or one for every place of a slate.
    expected, net_value, probability
        Currency, currency, and chance over all arms; None where there is none.
    removed
        0, or 1 + the index of the step that ruled a candidate out.
    context
        What the request said beside the customer.
    phi
        The context the fast learner sees, encoded, (d,).
    modelled
        Expected by the models alone, without what was learned since: what a lesson is the difference to. Empty: the
        same as ``expected``.
    closes_us
        When the longest outcome window and the wait after it end, µs since 1970.

    Examples
    --------
    >>> record = DecisionRecord(
    ...     decision_id="d_1", customer_id="c1", as_of_us=0, request_id=None, seed=0, arm="policy", model_version="v",
    ...     candidates=[("mail", "email"), ("nothing", None)], slots=[Slot(0, 0.9, 0.9)], expected=[2.0, 1.5],
    ...     net_value=[0.4, 0.0], probability=[0.9, 0.1], removed=[0, 0], context={}, phi=[1.0], closes_us=10)
    >>> record.choice().action_id, record.choice().expected
    ('mail', 2.0)
    >>> DecisionRecord.from_bytes(record.to_bytes()) == record
    True
    """

    decision_id: str
    customer_id: str | None
    as_of_us: int
    request_id: str | None
    seed: int
    arm: str
    model_version: str
    candidates: list[Candidate]
    slots: list[Slot]
    expected: list[float | None]
    net_value: list[float | None]
    probability: list[float | None]
    removed: list[int]
    context: dict[str, float | str | None]
    phi: list[float]
    closes_us: int
    modelled: list[float | None] = []

    def choice(self, slot: int = 1) -> Choice:
        """Return what a place (from 1) got."""
        at = self.slots[slot - 1].candidate
        action_id, channel = self.candidates[at]
        expected = self.modelled or self.expected
        return Choice(
            self.decision_id, self.as_of_us, self.closes_us, self.model_version, action_id, channel,
            expected[at], self.phi, self.expected[at],
        )  # fmt: skip

    @property
    def had_choice(self) -> bool:
        """Whether there was a candidate beside `nothing`, or two without it."""
        return sum(step == 0 for step in self.removed) > 1

    def to_bytes(self) -> bytes:
        """Return it as msgpack: a third shorter than JSON, so that two and more fit a page of the store."""
        return _encode(self)

    @staticmethod
    def from_bytes(raw: bytes) -> DecisionRecord:
        """Read :meth:`to_bytes`, or the JSON that older stores have.

        Raises
        ------
        msgspec.DecodeError
            The bytes are no decision.
        """
        return _decode_json(raw) if raw.startswith(b"[") else _decode(raw)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(DecisionRecord).decode
_decode_json = msgspec.json.Decoder(DecisionRecord).decode


def plain(values: list[float]) -> list[float | None]:
    """Return numbers as JSON has them: what is no number is None.

    >>> plain([1.5, float("nan"), float("-inf")])
    [1.5, None, None]
    """
    if math.isfinite(sum(values)):  # no sum that has one of the others is
        return [*values]
    return [value if math.isfinite(value) else None for value in map(float, values)]
