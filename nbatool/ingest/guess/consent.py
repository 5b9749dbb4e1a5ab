"""A file of consent: who said, when, and of which channel, that they may be contacted or not."""

from __future__ import annotations

import re

from nbatool.ingest.column_kinds import CONSENT_WORDS
from nbatool.ingest.guess.file_look import FileLook, customer_column, event_time
from nbatool.ingest.guess.records import Column, MapLine, SourceGuess
from nbatool.ingest.guess.times import TimeReading, time_reading
from nbatool.ingest.guess.unused import unused_columns
from nbatool.ingest.guess.words import CHANNEL, named
from nbatool.ingest.guess.workbench import Workbench

_GIVEN = (
    r"(\w+_)?(consent|opt_?in|opted_?in|permission|subscribed|subscription)(_(state|status|given|granted))?",
)
_STATE = (r"(state|status|decision)",)
_CHANGED = (r"\w*(updated|changed|modified|valid_from|since)\w*",)
_PURPOSE = (r"(\w+_)?purpose(_\w+)?",)
_ADDRESS = (r"(\w+_)?(address|email|phone|phone_number|msisdn)",)
_WORDS = frozenset(word for words in CONSENT_WORDS.values() for word in words)
_PLAIN = frozenset(("true", "false", "yes", "no", "y", "n", "1", "0"))
_MOST_WORDS = 12
_MOST_CHANNELS = 20


def consent_found(bench: Workbench, seen: FileLook) -> SourceGuess | None:
    """Read a file as consent, or None when it lacks a customer, a time, a channel or a word for in and out."""
    whole = [column for column in seen.columns if column.filled == column.rows and not column.parent]
    channel = seen.column(CHANNEL, [c for c in whole if c.type == "text" and c.distinct <= _MOST_CHANNELS])
    customer = customer_column(seen)
    if channel is None or customer is None:
        return None
    state = next((c for c in whole if _says_in_or_out(bench, seen, c)), None)
    timed = _time(bench, seen, state) if state is not None else None
    if state is None or timed is None:
        return None
    reading = timed[1]
    lines = [
        MapLine("customer_id", customer.expression),
        MapLine("ts", reading.expression, reading.shown, reading.doubt),
        MapLine("channel", channel.expression, f"{channel.distinct} different"),
        MapLine("state", state.expression),
    ]
    used = (customer, timed[0], channel, state)
    rest = [column for column in seen.columns if all(column is not each for each in used)]
    purpose, address = seen.column(_PURPOSE, rest), seen.column(_ADDRESS, rest)
    if purpose is not None:
        doubt = (
            f"{purpose.name} has {purpose.distinct} different cells. The newest record of a channel counts, whatever its "
            f"purpose: to keep another purpose apart, give it a channel of its own, such as  channel = \"case when "
            f"{purpose.expression} = 'marketing' then {channel.expression} else {channel.expression} || '/' || "
            f"{purpose.expression} end\"."
        )  # fmt: skip
        lines.append(MapLine("purpose", purpose.expression, doubt=doubt if purpose.distinct > 1 else None))
    if address is not None:
        lines.append(MapLine("address", address.expression))
    return SourceGuess(
        seen.name, "consent", seen.paths, seen.layout, seen.raw.rows, tuple(lines),
        blank_lines=seen.raw.blank_lines, bad_rows=seen.raw.bad_rows, unused=unused_columns(seen, lines),
    )  # fmt: skip


def _says_in_or_out(bench: Workbench, seen: FileLook, column: Column) -> bool:
    """Whether all cells are words for in and out; under a general name, more telling ones than yes and no."""
    by_name = named(column.name, _GIVEN)
    if column.distinct > _MOST_WORDS or not (by_name or named(column.name, _STATE)):
        return False
    bench.look_at(seen.raw.table, column.expression)
    cells = {
        re.sub("[-_ ]", "", cell.strip().lower()) for (cell,) in bench.rows("different", most=_MOST_WORDS + 1)
    }
    return bool(cells) and cells <= _WORDS and (by_name or not cells <= _PLAIN)


def _time(bench: Workbench, seen: FileLook, state: Column) -> tuple[Column, TimeReading] | None:
    """When it was said: as of events, else when the record was changed."""
    found = event_time(bench, seen, not_column=state)
    if found is not None and not found[1].counter:
        return found
    for column in seen.columns:
        if column.filled and named(column.name, _CHANGED):
            reading = time_reading(bench, seen.raw.table, column, seen.columns)
            if reading is not None:
                return column, reading
    return None
