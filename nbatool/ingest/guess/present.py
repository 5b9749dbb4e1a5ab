"""Which moment is the present: the clock's for a feed that runs, just after the newest event for old data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from nbatool.base.clock import now_us
from nbatool.ingest.guess.history import Span

_NOT_OLD = timedelta(days=30)
_FRESH = timedelta(days=2)
"""The default of ``fresh_within``."""


@dataclass(frozen=True, slots=True)
class PresentFound:
    """`as_of` ("now" is not written: it is the default), why, and the question it raises."""

    as_of: str
    why: str
    doubt: str | None = None


def guessed_present(span: Span, *, have_events: bool) -> PresentFound:
    """The clock where the newest event is of the last 30 days, else the newest record."""
    if not have_events or span.last is None:
        return PresentFound("newest", "just after the newest record")
    age = datetime.fromtimestamp(now_us() / 1e6, UTC).replace(tzinfo=None) - span.last
    if abs(age) >= _NOT_OLD:
        said = "are old" if age > timedelta() else "reach into the future"
        return PresentFound("newest", f"just after the newest record: data until {span.last:%Y-%m-%d} {said}")
    newest = f"the newest event is of {span.last:%Y-%m-%d}"
    doubt = None
    if age > _FRESH:
        doubt = (
            f'{newest}, {age.days} days ago. The clock runs, and score refuses a feed older than fresh_within = "2d". '
            'Load newer files before scoring, raise fresh_within, or write as_of = "newest" to look at these data.'
        )
    return PresentFound("now", f"the clock runs; {newest}", doubt)
