"""SQL of what an event says, for queries in which ``e`` is the event, ``m`` the moment and ``z`` the zone's offset.

Names of fields never go into the SQL unless they are columns of ours; an attribute's key is a parameter.
"""

from __future__ import annotations

COLUMN_FIELDS = frozenset({"action_id", "channel"})
"""Text fields with a column of their own; the others are attributes, or derived from the local time."""

AGE_US = "epoch_us(m.as_of) - epoch_us(e.ts)"
IN_PERIOD = "e.ts >= z.from_ts and e.ts < z.until_ts"
LOCAL_JOIN = f"join zone_offsets as z on z.zone = m.zone and {IN_PERIOD}"
# Local seconds from a Monday far before any event: // and % round towards zero, which is down only above it.
LOCAL_SECONDS = "((epoch_us(e.ts) + 66528000000000000) // 1000000 + z.offset_s)"
LOCAL_HOUR_OF_WEEK = f"({LOCAL_SECONDS} // 3600 + 72) % 168"
DERIVED_SQL = {
    "daypart": f"['night', 'morning', 'afternoon', 'evening'][({LOCAL_SECONDS} % 86400 // 21600)::integer + 1]",
    "weekday": f"(({LOCAL_SECONDS} // 86400 + 3) % 7 + 1)::varchar",
}


def attribute_text(parameter: str) -> str:
    """SQL that reads one event attribute as text."""
    return f"(e.attributes ->> {parameter})"


def attribute_number(parameter: str) -> str:
    """SQL that reads one event attribute as an exact number."""
    return f"try_cast({attribute_text(parameter)} as decimal(18, 4))"


def stored_text(name: str, parameter: str) -> str:
    """SQL of a text field that events bring with them; `parameter` is its key where it is an attribute."""
    return f"e.{name}" if name in COLUMN_FIELDS else attribute_text(parameter)
