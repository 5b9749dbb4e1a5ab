"""Which canonical columns a kind of source has, and what each of them is: a text, a time, a number, a chance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlglot import exp

from nbatool.base.source_settings import COLUMNS, REQUIRED
from nbatool.ingest.canonical import (
    FLOATING,
    NUMBER,
    NUMERIC,
    Canonical,
    Fault,
    as_text,
    number_column,
    step,
    text_column,
    text_step,
    time_column,
)
from nbatool.ingest.log_presets import PRESET_COLUMNS
from nbatool.ingest.row_sql import fragment

OUTCOME: Final = "outcome."
"""What the keys of outcomes begin with, before their name."""
OWN_ID: Final = {"events": "event_id", "decisions": "decision_id"}
"""The id a record may lack, by kind; it is then a hash of the raw record."""
CHANCES: Final = ("probability", "probability_in_arm")
TEXTS_OF_ANY_LENGTH: Final = ("observations", "shared")
CONSENT_WORDS: Final = {
    "in": ("in", "optin", "optedin", "true", "yes", "y", "1", "granted"),
    "out": ("out", "optout", "optedout", "false", "no", "n", "0", "revoked"),
}
"""What says that somebody may be contacted and that not, in small letters without ``-``, ``_`` and blanks."""


def staged_columns(kind: str, mapped: Iterable[str]) -> list[str]:
    """Return the canonical columns of a kind of source, its outcomes by name among them."""
    further = PRESET_COLUMNS if kind == "decisions" else ()
    return [*COLUMNS[kind], *further, *sorted(key for key in mapped if key.startswith(OUTCOME))]


def is_needed(kind: str, key: str) -> bool:
    """Return whether a row with an empty value in a mapped column is rejected."""
    return key in REQUIRED[kind] or (kind, key) == ("decisions", "decision_id")


def null_type(key: str) -> str:
    """Return the type of a canonical column that is not mapped."""
    types = {"ts": "timestamp", "value": "decimal(18, 4)", "position": "integer"}
    return "double" if key in CHANCES else types.get(key, "varchar")


def canonical(key: str, mapped: exp.Expr, kind: str, zone: str, *, required: bool) -> Canonical:
    """Return a canonical column over its mapped value.

    Parameters
    ----------
    mapped, kind
        The value and its DuckDB type.
    zone
        Of times without an offset.

    Raises
    ------
    ExpressionError
        When the type cannot be right.
    """
    if key == "ts":
        return time_column(key, mapped, kind, zone, required=required)
    if key == "value" or key.startswith(OUTCOME):
        return number_column(key, mapped, kind, required=required)
    if key in CHANCES:
        return chance_column(key, mapped, kind)
    if key == "position":
        return place_column(key, mapped, kind)
    if key == "candidates":
        return json_column(key, mapped, kind)
    if key == "state":
        return state_column(key, mapped, kind)
    if key in TEXTS_OF_ANY_LENGTH:
        return Canonical(fragment("nullif($text, '')", text=as_text(mapped, kind)))
    return text_column(key, mapped, kind, required=required)


def chance_column(key: str, mapped: exp.Expr, kind: str) -> Canonical:
    """Return a probability as DOUBLE; what was chosen cannot have had a chance of 0."""
    value = step("v", key)
    if kind in (*NUMERIC, *FLOATING) or kind.startswith("DECIMAL"):
        number, written = fragment("cast($m as double)", m=mapped), None
        unread: exp.Expr = fragment("isnan($v)", v=value)
        found = fragment("cast($m as varchar)", m=mapped)
    else:
        given, written = text_step(key, mapped, kind)
        text = fragment("trim($t)", t=given)
        number = fragment(
            "case when regexp_full_match($t, $p) then try_cast($t as double) end",
            t=text, p=exp.Literal.string(NUMBER),
        )  # fmt: skip
        unread = fragment("$v is null and $t <> ''", v=value, t=text)
        found = fragment("left($t, 60)", t=text)
    faults = (
        Fault(unread, f"{key} is not a number", found),
        Fault(fragment("$v = 0", v=value), f"{key} is 0 for what was chosen", found),
        Fault(fragment("$v < 0", v=value), f"{key} is below 0", found),
        Fault(fragment("$v > 1", v=value), f"{key} is above 1", found),
    )
    return Canonical(number, faults, text=written)


def place_column(key: str, mapped: exp.Expr, kind: str) -> Canonical:
    """Return a position as INTEGER, counted from 1."""
    given, written = text_step(key, mapped, kind)
    # A whole number may come as 1.0 where a column is of floating-point numbers.
    text = fragment(r"regexp_replace(trim($t), '\.0+$', '')", t=given)
    number = fragment(
        r"case when regexp_full_match($t, '0*[1-9]\d{0,8}') then cast($t as integer) end", t=text
    )
    unread = fragment("$v is null and trim($t) <> ''", v=step("v", key), t=given)
    return Canonical(
        number,
        (Fault(unread, f"{key} is not a whole number from 1 up", fragment("left($t, 60)", t=given)),),
        text=written,
    )


def json_column(key: str, mapped: exp.Expr, kind: str) -> Canonical:
    """Return the JSON text of a list or an object; lists and structs of Parquet become such a text."""
    nested = kind.endswith("]") or kind.startswith(("STRUCT", "MAP"))
    given = fragment("cast(to_json($m) as varchar)", m=mapped) if nested else as_text(mapped, kind)
    value = step("v", key)
    unread = fragment(
        "$v is not null and coalesce(case when json_valid($v) then json_type($v) end not in ('ARRAY', 'OBJECT'), true)",
        v=value,
    )
    found = fragment("left($v, 60)", v=value)
    return Canonical(
        fragment("nullif(trim($t), '')", t=given),
        (Fault(unread, f"{key} is not a JSON list or object", found),),
    )


def state_column(key: str, mapped: exp.Expr, kind: str) -> Canonical:
    """Return a consent as ``in`` or ``out``."""
    given, written = text_step(key, mapped, kind)
    word = fragment("regexp_replace(lower(trim($t)), '[-_ ]', '', 'g')", t=given)
    cases = exp.Case()
    for state, words in CONSENT_WORDS.items():
        listed = exp.In(this=word.copy(), expressions=[exp.Literal.string(each) for each in words])
        cases = cases.when(listed, exp.Literal.string(state))
    value = step("v", key)
    nothing = fragment("$v is null and coalesce(trim($t), '') = ''", v=value, t=given)
    neither = fragment("$v is null", v=value)
    return Canonical(
        cases,
        (
            Fault(nothing, f"{key} is empty", exp.Null()),
            Fault(neither, f"{key} is neither in nor out", fragment("left($t, 60)", t=given)),
        ),
        text=written,
    )


def outcome_list(keys: Sequence[str]) -> exp.Expr:
    """Return the outcomes that came with a decision, as a list of {name, value}."""
    entries = [
        fragment("{'name': $name, 'value': $value}", name=exp.Literal.string(key.removeprefix(OUTCOME)), value=step("v", key))
        for key in keys
    ]  # fmt: skip
    kind = "struct(name varchar, value decimal(18, 4))[]"
    return exp.cast(exp.Array(expressions=entries), kind)
