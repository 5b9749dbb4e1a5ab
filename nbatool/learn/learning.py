"""``nbatool learn`` as one step: what happened live comes in, due windows are closed, the fast learner takes them in.

Then it is looked whether an action works otherwise than before; the next publication weighs what to forget.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbatool.base.clock import US_PER_S
from nbatool.base.errors import ConfigError
from nbatool.base.next_step import command_for
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.ingest.drain import drain
from nbatool.learn.answers import DecisionLookup
from nbatool.learn.change import Change
from nbatool.learn.close import Closed, LiveClosing
from nbatool.learn.feed import Fed, feed, mark_closed
from nbatool.learn.over import announce, keep_closed_contacts, mark_of
from nbatool.learn.purge import purge
from nbatool.learn.reach import Reach, reach_of
from nbatool.learn.watching import watch
from nbatool.learn.windows import Windows, close_windows
from nbatool.models.later_in_force import later_in_force
from nbatool.models.lessons import LivePosterior
from nbatool.profile.present import present_us
from nbatool.store.online import OnlineStore
from nbatool.store.warehouse import open_warehouse

if TYPE_CHECKING:
    from nbatool.store.workspace import Workspace


@dataclass(frozen=True)
class LearnReport:
    """What was closed and learned.

    Parameters
    ----------
    as_of_us
        Windows that ended up to here were closed, µs since 1970.
    live
        Windows of live decisions whose outcomes are all posted.
    windows
        All others.
    fed
        What the fast learner took in of the latter.
    learner
        The model version it stands beside; None where none is in force.
    changes
        Actions that bring more or less than before, found today.
    currency
        For words about them.
    data_until_us
        The newest event of those outcomes are made of, µs since 1970; None where no objective waits for events.
    command
        How this workspace's commands begin, for words about what to do next.
    in_review
        Decisions that wait for a person, or for the night they go out with: their windows have not begun.
    clock_runs
        Whether the present is now; else it stands where ``[workspace] as_of`` says.
    """

    as_of_us: int
    live: Closed
    windows: Windows
    fed: Fed
    learner: str | None
    changes: tuple[Change, ...] = ()
    currency: str = ""
    data_until_us: int | None = None
    command: str = "nbatool"
    clock_runs: bool = True
    in_review: int = 0

    @property
    def learned(self) -> int:
        """Outcomes the fast learner took in."""
        return self.fed.learned + self.live.learned

    @property
    def not_learned(self) -> int:
        """Outcomes that taught it nothing; 0 where there is no fast learner."""
        if self.learner is None:
            return 0
        return self.fed.other_version + self.fed.no_choice + self.live.windows - self.live.learned


def learn_workspace(workspace: Workspace, *, as_of_us: int | None) -> LearnReport:
    """Close every due window and learn from it; the caller holds the workspace lock.

    Raises
    ------
    ConfigError
        Without an objective there is no outcome.
    """
    config = workspace.config
    if not config.objectives:
        raise ConfigError(
            [config.problem("[[objective]] is missing: say what a good result is", "objective")]
        )
    terms = OutcomeTerms.of(config)
    with ExitStack() as stack:
        warehouse = stack.enter_context(open_warehouse(workspace))
        online = OnlineStore(workspace.online_path)
        stack.callback(online.close)
        lookup = DecisionLookup(online, workspace.data_dir)
        stack.callback(lookup.close)
        learner = LivePosterior(online, terms.half_life_s)
        drain(workspace, warehouse)
        present = present_us(warehouse.con, config, as_of_us)
        mark_closed(online, warehouse, present)
        live = LiveClosing(online, terms, learner).close_due(present)
        reach = reach_of(warehouse.con, terms)
        # First the mark, then the last answers: nobody is told that an answer counts which comes too late for this.
        announce(online, terms, mark_of(terms, present, reach), present)
        drained = drain(workspace, warehouse)
        windows = close_windows(
            warehouse.con, terms, config.roles.contact, present, later_in_force(workspace), reach
        )
        keep_closed_contacts(online, warehouse)
        mark_closed(online, warehouse, present)
        fed = feed(online, lookup, warehouse, learner, terms)
        changes = watch(warehouse.con, lookup)
        lookup.close()
        over_us = _over_us(terms, present, reach)
        online.nights.sweep(workspace.data_dir, over_us)
        purge(online, warehouse, drained, over_us=over_us, window_us=terms.closes_us(0))
        return LearnReport(
            present, live, windows, fed, learner.model_version, changes, config.workspace.currency,
            None if reach is None else reach.newest_us, command_for(workspace.root),
            config.workspace.as_of == "now", online.reviews.waiting(),
        )  # fmt: skip


def _over_us(terms: OutcomeTerms, present: int, reach: Reach | None) -> int:
    """Return the time before which windows must have ended for nothing to be expected of them any more."""
    ended = present if reach is None else min(present, terms.closes_us(reach.last_us))
    return ended - terms.unconfirmed_after_s * US_PER_S
