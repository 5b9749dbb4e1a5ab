"""``nbatool score`` as one step: decide for everybody, write both files, publish what live decisions need."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nbatool.activate.action_file import ActionRows
from nbatool.activate.files import FileFormat, print_table, sweep_temporaries, write_tables
from nbatool.base.clock import format_time, now_us, parse_time
from nbatool.base.records import NOTHING
from nbatool.decide.assemble import champion_policy
from nbatool.decide.batch import ScoredChunk, population, score_chunks
from nbatool.decide.policy import Policy
from nbatool.decide.publish import Terms, publishing
from nbatool.ingest.catalogue import load_catalogue
from nbatool.ingest.drain import drain_journal
from nbatool.models import registry
from nbatool.profile.present import present_us, require_fresh, require_past
from nbatool.store.online import OnlineStore
from nbatool.store.warehouse import open_warehouse

if TYPE_CHECKING:
    from nbatool.store.workspace import Workspace

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class ScoreSettings:
    """What `nbatool score` was asked for; ``out`` "-" is stdout, None the default names."""

    out: str | None = None
    file_format: FileFormat = "csv"
    top: int = 1
    most: int | None = None
    include_nothing: bool = False
    dry_run: bool = False
    seed: int = 0
    threads: int = 1


@dataclass(frozen=True)
class Share:
    """What one action is chosen for: customers, and net value over all of them in currency."""

    action_id: str
    name: str
    customers: int
    net_value: float


@dataclass(frozen=True)
class ScoreReport:
    """What was decided.

    Parameters
    ----------
    mix
        What each action was chosen for, `nothing` among them, most customers first.
    plan_value
        Net value over everybody in currency; doing nothing is 0.
    best_single
        The action that would be worth most if everybody it is possible for got it, and that worth.
    within_s
        How far ahead the outcomes look, in seconds; None where values come from propensities.
    by_propensity
        Whether no contact was logged, so that values are propensity × value per response.
    learned_until_us
        The model learned from what happened before this.
    """

    as_of_us: int
    model_version: str
    customers: int
    mix: tuple[Share, ...]
    plan_value: float
    best_single: tuple[str, float] | None
    actions_file: Path | None
    scores_file: Path | None
    published: bool
    why_not_published: str | None
    by_propensity: bool
    best_customer: str | None
    within_s: int | None
    learned_until_us: int | None = None

    @property
    def knows_the_future(self) -> bool:
        """Whether the model learned from data after the moment scored: it cannot be judged by these decisions."""
        return self.learned_until_us is not None and self.learned_until_us > self.as_of_us


@dataclass
class _Tally:
    """Adds up the decisions chunk by chunk."""

    policy: Policy
    counts: dict[str, int] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)
    single: dict[str, float] = field(default_factory=dict)
    best: tuple[float, int] = (0.0, -1)

    def add(self, chunk: ScoredChunk) -> None:
        decision, offers = chunk.decision, self.policy.catalogue.offers
        for j in range(-1, len(offers)):
            rows = decision.chosen == j
            name = offers[j].action.id if j >= 0 else NOTHING
            self.counts[name] = self.counts.get(name, 0) + int(rows.sum())
            if j >= 0:
                worth = decision.net_value[rows, j]
                self.values[name] = self.values.get(name, 0.0) + float(worth.sum())
                possible = decision.removed[:, j] == 0
                total = float(decision.net_value[possible, j].sum())
                key = f"{name}\x00{offers[j].channel}"
                self.single[key] = self.single.get(key, 0.0) + total
        chosen = np.flatnonzero(decision.chosen >= 0)
        if len(chosen):
            worth = decision.net_value[chosen, decision.chosen[chosen]]
            k = int(np.argmax(worth))
            self.best = max(self.best, (float(worth[k]), chunk.first + int(chosen[k])), key=lambda b: b[0])

    def mix(self) -> tuple[Share, ...]:
        actions = self.policy.catalogue.actions
        shares = [
            Share(name, actions[name].name if name in actions else NOTHING, n, self.values.get(name, 0.0))
            for name, n in self.counts.items()
        ]
        return tuple(sorted(shares, key=lambda s: (-s.customers, s.action_id)))

    def best_single(self) -> tuple[str, float] | None:
        if not self.single:
            return None
        key = max(sorted(self.single), key=lambda k: self.single[k])
        return key.split("\x00")[0], self.single[key]


def score_workspace(
    workspace: Workspace,
    settings: ScoreSettings,
    *,
    as_of_us: int | None,
    on_progress: OnProgress | None = None,
) -> ScoreReport:
    """Decide for everybody known, write the action and scores files, publish the state.

    The caller holds the workspace lock. Nothing is published on a dry run, nor when the moment lies before the
    state in force: live knowledge never moves backward.

    Raises
    ------
    DataError
        No model, a stale feed, a moment before everything loaded, damaged files.
    ConfigError
        The catalogue or an expression is wrong.
    """
    config = workspace.config
    actions = load_catalogue(config)
    version, policy = champion_policy(workspace, actions)
    with ExitStack() as stack:
        warehouse = stack.enter_context(open_warehouse(workspace))
        online = OnlineStore(workspace.online_path)
        stack.callback(online.close)
        position = drain_journal(workspace, warehouse)
        as_of = present_us(warehouse.con, config, as_of_us)
        if as_of_us is None:
            require_fresh(warehouse.con, config, as_of)
        require_past(warehouse.con, as_of)
        people = population(warehouse.con, config, policy, as_of_us=as_of, most=settings.most)
        rows = ActionRows(
            policy, people.customer_ids, as_of, settings.seed, config.workspace.currency, version, settings.top,
            settings.include_nothing,
        )  # fmt: skip
        tally = _Tally(policy)
        why_not = _why_not_published(settings, online, as_of)
        takers: list[Callable[[ScoredChunk], None]] = [rows.add, tally.add]
        with ExitStack() as publication:
            if why_not is None:
                terms = Terms(
                    version, as_of, settings.seed, config.workspace.currency, position,
                    config.workspace.as_of == "now",
                )  # fmt: skip
                takers.append(publication.enter_context(publishing(workspace, online, people, policy, terms)))
            for chunk in score_chunks(people, policy, threads=settings.threads):
                for take in takers:
                    take(chunk)
                if on_progress is not None:
                    on_progress(chunk.last, len(people))
            written = _write(workspace, settings, rows, as_of)
    mix = tally.mix()
    return ScoreReport(
        as_of, version, len(people), mix, sum(s.net_value for s in mix), tally.best_single(), *written,
        published=why_not is None, why_not_published=why_not, by_propensity=policy.by_propensity,
        best_customer=people.customer_ids[tally.best[1]] if tally.best[1] >= 0 else None,
        within_s=max((o.within for o in config.objectives), default=None) if policy.bundle.outcome else None,
        learned_until_us=parse_time(str(registry.show(workspace.models_dir, version).manifest["as_of"])),
    )  # fmt: skip


def _why_not_published(settings: ScoreSettings, online: OnlineStore, as_of_us: int) -> str | None:
    if settings.dry_run:
        return "dry run"
    if settings.most is not None:
        return "only some customers were scored (--max-customers)"
    published = online.published()
    # A state of the future answers nobody, so that one gives way to any.
    if published is not None and as_of_us < published.cut_us <= now_us():
        return f"this time lies before the published state ({format_time(published.cut_us)})"
    return None


def _write(
    workspace: Workspace, settings: ScoreSettings, rows: ActionRows, as_of_us: int
) -> tuple[Path | None, Path | None]:
    """Write both files; returns their paths, None for what went to stdout."""
    if settings.out == "-":
        print_table(rows.actions(), settings.file_format)
        return None, None
    # A part of the customers must not take the place of the night's whole files.
    part = f"-first-{settings.most}" if settings.most is not None else ""
    day = format_time(as_of_us)[:10] + part
    default = workspace.out_dir / f"actions-{day}.{settings.file_format}"
    actions_path = default if settings.out is None else Path(settings.out)
    scores_path = workspace.out_dir / f"scores-{day}.{settings.file_format}"
    for folder, name in (
        (workspace.out_dir, "actions-*"), (workspace.out_dir, "scores-*"), (actions_path.parent, escape(actions_path.name)),
    ):  # fmt: skip
        sweep_temporaries(folder, name)
    tables = ((scores_path, rows.scores), (actions_path, rows.actions))
    write_tables(((path, table()) for path, table in tables), settings.file_format)
    return actions_path, scores_path
