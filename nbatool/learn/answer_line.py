"""One line of ``nbatool learn -``, read strictly: what was answered to which decision."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from nbatool.base.clock import parse_time
from nbatool.base.errors import DataError, did_you_mean
from nbatool.base.seeds import hash64
from nbatool.decide.request_events import MOST_ID_BYTES, exact_text

STATUSES = ("sent", "released")


class AnswerLine(msgspec.Struct, forbid_unknown_fields=True):
    """An answer as it is written."""

    decision_id: str | int
    outcome: float | int | str | None = None
    objective: str | None = None
    status: str | None = None
    ts: str | None = None
    outcome_id: str | int | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A checked answer: an outcome, a status, or both.

    Parameters
    ----------
    value
        Decimal text with four decimals; None without an outcome.
    ts_us
        When it happened, µs since 1970; None where the line does not say.
    """

    decision_id: str
    value: str | None
    objective: str | None
    status: str | None
    ts_us: int | None
    outcome_id: str | None

    def outcome_key(self, objective: str) -> str:
        """Return the outcome's id; without one, equal outcomes of equal time have equal ids.

        >>> said = Said("d", "1.0000", None, None, None, None)
        >>> said.outcome_key("spend") == said.outcome_key("spend"), said.outcome_key("visits") == said.outcome_key("spend")
        (True, False)
        """
        if self.outcome_id is not None:
            return self.outcome_id
        time = "" if self.ts_us is None else self.ts_us
        return f"o_{hash64('outcome', self.decision_id, objective, str(self.value), time):016x}"


_DECODER = msgspec.json.Decoder(AnswerLine)
_UNKNOWN = re.compile(r"unknown field `([^`]*)`")
_MISSING = re.compile(r"missing required field `([^`]*)`")


def parse_answer(line: bytes | str) -> Said:
    """Read a line.

    Raises
    ------
    DataError
        It is not JSON or no object, has an unknown key, says nothing, or says it in a wrong way.

    Examples
    --------
    >>> parse_answer('{"decision_id": "d_1", "outcome": 12.5}').value
    '12.5000'
    """
    try:
        written = _DECODER.decode(line)
    except msgspec.ValidationError as error:
        raise DataError(_said(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"not a JSON object: {error}") from None
    if written.outcome is None and written.status is None:
        raise DataError('the line says nothing: give it an "outcome", a "status" (sent, released), or both')
    if written.status is not None and written.status not in STATUSES:
        hint = did_you_mean(written.status, STATUSES) or "; known are sent, released"
        raise DataError(f'status: there is no "{written.status[:60]}"{hint}')
    if written.status == "released" and written.outcome is not None:
        raise DataError("a released contact was not made and has no outcome: leave one of the two out")
    if written.outcome is None and (written.objective is not None or written.outcome_id is not None):
        raise DataError("objective and outcome_id belong to an outcome, and the line has none")
    return Said(
        decision_id=_id("decision_id", written.decision_id),
        value=None if written.outcome is None else _amount(written.outcome),
        objective=written.objective,
        status=written.status,
        ts_us=None if written.ts is None else _time(written.ts),
        outcome_id=None if written.outcome_id is None else _id("outcome_id", written.outcome_id),
    )


def named_decision(line: bytes | str) -> Any:
    """Return the decision_id of a line that could not be read, None where it has none."""
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    named = found.get("decision_id") if isinstance(found, dict) else None
    return named if isinstance(named, str | int) else None


def _said(message: str) -> str:
    unknown, missing = _UNKNOWN.search(message), _MISSING.search(message)
    if unknown:
        fields = AnswerLine.__struct_fields__
        return f'unknown key "{unknown[1]}"{did_you_mean(unknown[1], fields) or ". Known are " + ", ".join(fields)}'
    if missing:
        return f"{missing[1]} is missing: say which decision this answers, as its answer named it"
    return message[0].lower() + message[1:].replace("`", '"')


def _amount(outcome: float | int | str) -> str:
    try:
        return exact_text(outcome)
    except DataError as error:
        raise DataError(f"outcome: {str(error).removeprefix('value: ')}") from None


def _time(text: str) -> int:
    try:
        return parse_time(text)
    except ValueError as error:
        raise DataError(f"ts: {error}") from None


def _id(key: str, value: str | int) -> str:
    text = str(value)
    size = len(text.encode("utf-8", "surrogatepass"))
    if not text.strip() or size > MOST_ID_BYTES or "\x00" in text:
        raise DataError(f"{key} must have 1 to {MOST_ID_BYTES} bytes and no NUL, it has {size}")
    return text
