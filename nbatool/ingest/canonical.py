"""What each canonical column must be: how a mapped value becomes one, and when its row is rejected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from sqlglot import exp

from nbatool.base import clock
from nbatool.ingest.row_sql import ExpressionError, fragment

LONGEST_ID_BYTES: Final = 1024
ISO_TIME: Final = (
    r"\d{4}-\d\d-\d\d([ Tt]([01]\d|2[0-3]):\d\d(:\d\d(\.\d{1,9})?)?( ?([Zz]|[+-]\d\d(:?\d\d)?))?)?"
)
USUAL_TIME: Final = ISO_TIME.replace(" ?(", "(")
OFFSET: Final = r":.*([Zz]|[+-]\d\d(:?\d\d)?)$"
NUMBER: Final = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"
FIRST_OFFSET_US: Final = -70 * 365 * clock.DAY_US
LAST_OFFSET_US: Final = 130 * 365 * clock.DAY_US

NUMERIC: Final = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
                  "UBIGINT", "UHUGEINT")  # fmt: skip
FLOATING: Final = ("FLOAT", "DOUBLE")


@dataclass(frozen=True)
class Fault:
    """When a row is rejected, why, and what was found; over the columns ``m_``, ``t_``, ``l_`` and ``v_<key>``."""

    when: exp.Expr
    reason: str
    detail: exp.Expr


@dataclass(frozen=True)
class Canonical:
    """A canonical column in steps, each a column over those before, so that nothing is computed twice.

    ``m_<key>`` is the mapped value, ``t_<key>`` its text where it is not one itself, ``l_<key>`` the time as written,
    ``v_<key>`` the value. What only odd values need, such as their trimmed text, is not a step: a case computes it for
    them alone.
    """

    value: exp.Expr
    faults: tuple[Fault, ...] = ()
    text: exp.Expr | None = None
    local: exp.Expr | None = None


def step(letter: str, key: str) -> exp.Expr:
    """Return the column of one step of a canonical column."""
    return exp.column(f"{letter}_{key}", quoted=True)


def text_column(key: str, mapped: exp.Expr, kind: str, *, required: bool) -> Canonical:
    """Return a text as written; an empty one is NULL."""
    value = step("v", key)
    faults = []
    if required:
        # Trimming is slow, and what begins with a visible character of ASCII is not blank.
        blank = fragment("$v is null or (not $v between '!' and '~' and trim($v) = '')", v=value)
        faults.append(Fault(blank, f"{key} is empty", exp.Null()))
    too_long = fragment("strlen($v) > $n", v=value, n=exp.Literal.number(LONGEST_ID_BYTES))
    start = fragment("left($v, 60) || '…'", v=value)
    faults.append(Fault(too_long, f"{key} is longer than {LONGEST_ID_BYTES:,} bytes", start))
    has_nul = fragment("contains($v, chr(0))", v=value)
    faults.append(Fault(has_nul, f"{key} holds a NUL character", exp.Null()))
    return Canonical(fragment("nullif($text, '')", text=as_text(mapped, kind)), tuple(faults))


def number_column(key: str, mapped: exp.Expr, kind: str, *, required: bool = False) -> Canonical:
    """Return DECIMAL(18,4), made from the text so that no binary fraction rounds it wrongly."""
    value = step("v", key)
    if kind in NUMERIC or kind.startswith("DECIMAL"):
        too_big = fragment("$m is not null and $v is null", m=mapped, v=value)
        found = fragment("cast($m as varchar)", m=mapped)
        empty = (Fault(fragment("$m is null", m=mapped), f"{key} is empty", exp.Null()),) if required else ()
        return Canonical(
            fragment("try_cast($m as decimal(18, 4))", m=mapped),
            (*empty, Fault(too_big, f"{key} is too big", found)),
        )
    given, written = text_step(key, mapped, kind)
    pattern = exp.Literal.string(NUMBER)
    text = fragment("trim($t)", t=given)
    unread = fragment("$v is null and $t <> ''", t=text, v=value)
    nothing = fragment("$v is null and coalesce($t, '') = ''", t=text, v=value)
    empty = (Fault(nothing, f"{key} is empty", exp.Null()),) if required else ()
    no_number = fragment("$u and not regexp_full_match($t, $p)", u=unread, t=text, p=pattern)
    found = fragment("left($t, 60)", t=text)
    return Canonical(
        fragment(
            "case when regexp_full_match($g, $p) then try_cast($g as decimal(18, 4)) "
            "when regexp_full_match($t, $p) then try_cast($t as decimal(18, 4)) end",
            g=given, t=text, p=pattern,
        ),
        (*empty, Fault(no_number, f"{key} is not a number", found), Fault(unread, f"{key} is too big", found)),
        text=written,
    )  # fmt: skip


def time_column(key: str, mapped: exp.Expr, kind: str, zone: str, *, required: bool) -> Canonical:
    """Return TIMESTAMP in UTC. Text must be an ISO date or time; a time without an offset is of `zone`.

    Raises
    ------
    ExpressionError
        When the expression does not give a time or a text.
    """
    local, value = step("l", key), step("v", key)
    if kind in ("VARCHAR", "JSON"):
        given, written = text_step(key, mapped, kind)
        text = fragment("trim($t)", t=given)
        nothing = fragment("$v is null and coalesce($t, '') = ''", t=text, v=value)
        empty = (Fault(nothing, f"{key} is empty", exp.Null()),) if required else ()
        unread = fragment("$v is null and $t <> ''", t=text, v=value)
        is_local = fragment("not regexp_matches($t, $p)", t=text, p=exp.Literal.string(OFFSET))
        return Canonical(
            _in_utc(local, is_local, zone),
            (*empty, Fault(unread, f"{key} is not an ISO date or time", fragment("left($t, 60)", t=text))),
            text=written,
            local=fragment(
                "case when regexp_full_match($g, $u) then make_timestamp(epoch_us(try_cast($g as timestamptz))) "
                "when regexp_full_match($t, $p) "
                "then make_timestamp(epoch_us(try_cast(replace($t, ' Z', 'Z') as timestamptz))) end",
                g=given, t=text, u=exp.Literal.string(USUAL_TIME), p=exp.Literal.string(ISO_TIME),
            ),
        )  # fmt: skip
    if not kind.startswith("TIMESTAMP") and kind != "DATE":
        raise ExpressionError(
            f"gives {kind.lower()}, not a time. For seconds since 1970 write  to_timestamp(x::double), for "
            "milliseconds  epoch_ms(x::bigint), for other texts  strptime(x, '%d/%m/%Y')"
        )
    has_zone = kind == "TIMESTAMP WITH TIME ZONE"
    empty = (Fault(fragment("$l is null", l=local), f"{key} is empty", exp.Null()),) if required else ()
    infinite = Fault(fragment("not isfinite($l)", l=local), f"{key} is infinite", exp.Null())
    return Canonical(
        _in_utc(local, exp.false() if has_zone else exp.true(), zone),
        (*empty, infinite),
        local=fragment("make_timestamp(epoch_us($m))" if has_zone else "cast($m as timestamp)", m=mapped),
    )


def _in_utc(value: exp.Expr, is_local: exp.Expr, zone: str) -> exp.Expr:
    if zone == "UTC" or is_local == exp.false():
        return value
    shifted = fragment("$v - to_seconds($o)", v=value, o=local_offset(value, zone))
    return fragment("case when $l then $s else $v end", l=is_local, s=shifted, v=value)


def local_offset(local: exp.Expr, zone: str) -> exp.Expr:
    """Return the zone's offset in seconds at a local time, as a search tree over zoneinfo's table.

    A local time that occurs twice is the first one; one that a clock change skips has the offset before it.
    """
    spans = clock.zone_offsets(zone, FIRST_OFFSET_US, LAST_OFFSET_US)
    ends = [
        until_us + max(offset_s, following_s) * clock.US_PER_S
        for (_, until_us, offset_s), (_, _, following_s) in pairwise(spans)
    ]
    return _search_tree(fragment("epoch_us($l)", l=local), ends, [offset_s for _, _, offset_s in spans])


def _search_tree(local_us: exp.Expr, ends: Sequence[int], offsets: Sequence[int]) -> exp.Expr:
    if len(offsets) == 1:
        return exp.Literal.number(offsets[0]) if offsets[0] >= 0 else fragment(f"({offsets[0]})")
    middle = len(ends) // 2
    return fragment(
        f"case when $l < ({ends[middle]}) then $before else $after end",
        l=local_us,
        before=_search_tree(local_us, ends[:middle], offsets[: middle + 1]),
        after=_search_tree(local_us, ends[middle + 1 :], offsets[middle + 1 :]),
    )


def attribute(mapped: exp.Expr, kind: str, zone: str) -> tuple[exp.Expr, str]:
    """Return an attribute's value as it goes into the JSON object, and its kind.

    Kinds: number, text, boolean, time (ISO text in UTC) and json.
    """
    if kind in NUMERIC or kind.startswith("DECIMAL"):
        return mapped, "number"
    if kind in FLOATING:
        return fragment("case when isfinite($v) then $v end", v=mapped), "number"
    if kind == "BOOLEAN":
        return mapped, "boolean"
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        has_zone = kind == "TIMESTAMP WITH TIME ZONE"
        local = fragment("make_timestamp(epoch_us($v))" if has_zone else "cast($v as timestamp)", v=mapped)
        utc = _in_utc(local, exp.false() if has_zone else exp.true(), zone)
        iso = fragment(
            "case when not isfinite($v) then null when epoch_us($t) % 1000000 = 0 "
            "then strftime($t, '%Y-%m-%dT%H:%M:%SZ') else strftime($t, '%Y-%m-%dT%H:%M:%S.%fZ') end",
            v=mapped,
            t=utc,
        )
        return iso, "time"
    if kind == "JSON" or kind.endswith("]") or kind.startswith(("STRUCT", "MAP")):
        return fragment("to_json($v)", v=mapped), "json"
    return fragment("nullif($t, '')", t=as_text(mapped, kind)), "text"


def text_step(key: str, mapped: exp.Expr, kind: str) -> tuple[exp.Expr, exp.Expr | None]:
    """Return a mapped value's text, and the step that makes it (None: it is a text)."""
    return (mapped, None) if kind == "VARCHAR" else (step("t", key), as_text(mapped, kind))


def as_text(value: exp.Expr, kind: str) -> exp.Expr:
    if kind == "VARCHAR":
        return value
    return fragment("$v ->> '$'" if kind == "JSON" else "cast($v as varchar)", v=value)
