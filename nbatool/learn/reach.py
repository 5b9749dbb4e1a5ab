"""How far the loaded events reach: a window beyond them cannot be closed, for nobody knows what happened in it.

Silence after the newest event is no news. A window closed on it would count as "nothing came of it", and whatever was
tried last would look worthless. So each objective that waits for events waits until the sources that bring its events
have told of its end; live events count only where no file brings them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbatool.base.clock import US_PER_S
from nbatool.features.outcome_terms import ObjectiveTerms, OutcomeTerms
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

LIVE = "@live"


@dataclass(frozen=True, slots=True)
class Reach:
    """How far events are loaded, µs since 1970.

    Parameters
    ----------
    newest_us
        The newest event of the stream that is furthest behind; 0 where none is loaded.
    last_us
        The newest moment whose windows end by then.
    """

    newest_us: int
    last_us: int

    def known_until(self, present_us: int) -> int:
        """Return up to when it is known what happened."""
        return min(present_us, self.newest_us)


def reach_of(con: duckdb.DuckDBPyConnection, terms: OutcomeTerms) -> Reach | None:
    """Return how far the events of the objectives are loaded; None where no objective waits for events."""
    waiting = [o for o in terms.objectives if o.by_events]
    if not waiting:
        return None
    found = con.execute(statement("learn/newest_events")).fetchall()
    newest = [(_newest(found, event_types(o)), o.within * US_PER_S) for o in waiting]
    return Reach(min(us for us, _ in newest), max(min(us - within for us, within in newest), 0))


def event_types(objective: ObjectiveTerms) -> tuple[str, ...]:
    """Return the types of the events that say what an objective amounts to; none where its outcomes are posted."""
    if objective.lifetime is not None:
        return objective.lifetime.purchases
    return () if objective.event is None else (objective.event,)


def _newest(found: Sequence[tuple[str, str, int]], types: Sequence[str]) -> int:
    """The newest event of the sources that bring these types; where none does yet, of all sources."""
    bringing = {source for source, kind, _ in found if kind in types}
    sources = bringing - {LIVE} or bringing
    return max((us for source, _, us in found if not sources or source in sources), default=0)
