"""A log of decisions: rows with a probability, what was shown, and what came of it."""

from __future__ import annotations

from nbatool.ingest.guess.file_look import FileLook, customer_column, event_time
from nbatool.ingest.guess.records import Column, MapLine, SourceGuess
from nbatool.ingest.guess.unused import unused_columns
from nbatool.ingest.guess.words import ACTION, CHANNEL, OUTCOME, PROBABILITY, identifier, named
from nbatool.ingest.guess.workbench import Workbench

_SHOWN = (*ACTION, r"(item|article|product|content|arm)_?(id|no|key)?")
_POSITION = (r"(position|slot|rank)",)
_MOST_CONTEXT = 60


def decisions_found(bench: Workbench, seen: FileLook) -> SourceGuess | None:
    """Read a file as a decision log, or None when it has no probability, no action or no time."""
    likely = [c for c in seen.columns if c.numeric and c.low is not None and c.low > 0 and (c.high or 2) <= 1]
    chance = seen.column(PROBABILITY, likely)
    action = seen.column(_SHOWN)
    timed = event_time(bench, seen, not_column=action) if chance is not None and action is not None else None
    if chance is None or action is None or timed is None or timed[1].counter:
        return None
    outcomes = [c for c in seen.columns if c.numeric and named(c.name, OUTCOME) and c is not chance]
    position, channel, customer = seen.column(_POSITION), seen.column(CHANNEL), customer_column(seen)
    lines = [MapLine("ts", timed[1].expression, timed[1].shown, timed[1].doubt)]
    if customer is not None:
        lines.insert(0, MapLine("customer_id", customer.expression))
    lines.append(MapLine("action_id", action.expression, f"{action.distinct:,} different"))
    if channel is not None:
        lines.append(MapLine("channel", channel.expression))
    else:
        lines.append(
            MapLine("channel", "'web'", doubt=f"{seen.shown} names no channel: taken to be the web.")
        )
    if position is not None and position.numeric:
        lines.append(MapLine("position", f"{position.expression}::int"))
    lines.append(
        MapLine("probability", f"{chance.expression}::double", f"{chance.low:.3g} to {chance.high:.3g}")
    )
    used = {line.expression.split("::")[0] for line in lines}
    rest = [c for c in seen.columns if c.expression not in used and c not in outcomes and _context(c)]
    lines += [MapLine(f"context.{identifier(c.name)}", _cast(c)) for c in rest[:_MOST_CONTEXT]]
    lines += [MapLine(f"outcome.{identifier(c.name)}", _outcome(c)) for c in outcomes]
    return SourceGuess(
        seen.name, "decisions", seen.paths, seen.layout, seen.raw.rows, tuple(lines),
        blank_lines=seen.raw.blank_lines, bad_rows=seen.raw.bad_rows, unused=unused_columns(seen, lines),
    )  # fmt: skip


def _context(column: Column) -> bool:
    numbered = column.name.startswith("column_") and column.name[7:].isdigit()
    return bool(column.filled) and column.distinct > 1 and column.type != "json" and not numbered


def _cast(column: Column) -> str:
    return f"{column.expression}::double" if column.numeric and column.type == "text" else column.expression


def _outcome(column: Column) -> str:
    return f"{column.expression}::{'int' if column.integers == column.numbers else 'decimal(18,4)'}"
