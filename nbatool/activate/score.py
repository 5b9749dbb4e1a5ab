"""``nbatool score`` as one step: decide for everybody, write both files, publish what live decisions need."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbatool.activate.action_file import ActionRows
from nbatool.activate.approved import Approved, approved_now
from nbatool.activate.files import FileFormat
from nbatool.activate.free_night import FreeNight
from nbatool.activate.funnel_tally import FunnelStep, FunnelTally
from nbatool.activate.limiting import LimitedNight
from nbatool.activate.night_files import write_night_files
from nbatool.activate.night_log import NightLog, logging
from nbatool.activate.reserving import NightReservation, reserving
from nbatool.activate.standing import Standing
from nbatool.activate.tally import Share, Tally
from nbatool.base.clock import US_PER_S, format_time, now_us, parse_time
from nbatool.decide.assemble import champion_policy
from nbatool.decide.batch import Population, ScoredChunk, circumstances_of, population
from nbatool.decide.circumstances import NightCircumstances
from nbatool.decide.foreseen_file import ForeseenFile
from nbatool.decide.limits import LimitLine
from nbatool.decide.policy import Policy
from nbatool.decide.practice import practice_of
from nbatool.decide.publish import Terms, publishing
from nbatool.decide.rebase import rebased
from nbatool.decide.traffic import hourly_traffic
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.ingest.catalogue import load_catalogue
from nbatool.ingest.drain import drain
from nbatool.models import registry
from nbatool.profile.present import present_us, require_fresh, require_past
from nbatool.store.contact import SENT
from nbatool.store.online import OnlineStore
from nbatool.store.warehouse import open_warehouse

if TYPE_CHECKING:
    import duckdb

    from nbatool.store.workspace import Workspace

LEARNS_FROM_OTHERS = "an apprentice only learns from the choices it is told ([exploration] apprentice)"
OnProgress = Callable[[int, int], None]
Taker = Callable[[ScoredChunk], None]


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
    explain: bool = False


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
    exploring
        What trying other candidates than the best is expected to cost, in currency.
    kept_apart
        Customers in an arm of the experiment other than the policy's.
    apart
        What those customers are expected to miss, in currency: their best net value less what they get.
    tried
        Customers of the policy's arm who get something worth less than their best.
    standing
        Customers whose decision of this time somebody acted on before: it stands.
    why_not_logged
        Why nobody is to be contacted by this plan, so that it is not in the log; None where it is.
    waiting
        Decisions that wait for a person, and so are not in the file.
    approved
        What became of the approved decisions of earlier nights.
    limits
        What limits on everybody left of this night's contacts, and their prices.
    funnel
        What each step left of all candidates; None where that was not asked for.
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
    exploring: float = 0.0
    kept_apart: int = 0
    apart: float = 0.0
    tried: int = 0
    standing: int = 0
    why_not_logged: str | None = None
    waiting: int = 0
    approved: Approved = field(default_factory=Approved)
    limits: tuple[LimitLine, ...] = ()
    funnel: tuple[FunnelStep, ...] | None = None

    @property
    def knows_the_future(self) -> bool:
        """Whether the model learned from data after the moment scored: it cannot be judged by these decisions."""
        return self.learned_until_us is not None and self.learned_until_us > self.as_of_us


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
    version, policy = champion_policy(workspace, load_catalogue(config))
    with ExitStack() as stack:
        warehouse = stack.enter_context(open_warehouse(workspace))
        online = OnlineStore(workspace.online_path)
        stack.callback(online.close)
        drained = drain(workspace, warehouse)
        as_of = present_us(warehouse.con, config, as_of_us)
        if as_of_us is None:
            require_fresh(warehouse.con, config, as_of)
        require_past(warehouse.con, as_of)
        outcomes = OutcomeTerms.of(config)
        learned = rebased(
            warehouse.con,
            policy,
            outcomes,
            as_of_us=as_of,
        )
        terms = Terms(
            version, as_of, settings.seed, config.workspace.currency, drained.events, config.workspace.as_of == "now",
            outcomes, learned, drained.lessons,
        )  # fmt: skip
        why_not = _why_not_published(settings, online, as_of)
        is_trial = why_not is not None or (config.exploration is not None and config.exploration.apprentice)
        approved = Approved() if is_trial else approved_now(warehouse.con, config, policy, online, as_of)
        people = population(warehouse.con, config, policy, as_of_us=as_of, most=settings.most)
        posterior = None if learned is None else learned.posterior
        told = circumstances_of(people, config, policy, online)
        if not is_trial:
            online.ledger.mark_all(told.confirmed, SENT)
            online.ledger.reconcile(as_of, policy.guardrails.unconfirmed_s * US_PER_S)
        practice = practice_of(config, policy, people, posterior, told, threads=settings.threads)
        policy = replace(policy, practice=practice)
        standing = Standing.of(warehouse.con, as_of)
        scoring = _Scoring(
            workspace, settings, warehouse.con, online, people, policy, terms, standing, told, approved, why_not,
        )  # fmt: skip
        return scoring.run(on_progress)


@dataclass(frozen=True)
class _Scoring:
    """One scoring, everything it needs being open."""

    workspace: Workspace
    settings: ScoreSettings
    con: duckdb.DuckDBPyConnection
    online: OnlineStore
    people: Population
    policy: Policy
    terms: Terms
    standing: Standing
    told: NightCircumstances
    approved: Approved
    why_not: str | None

    def run(self, on_progress: OnProgress | None) -> ScoreReport:
        """Decide; log before any file can be acted on; write the files; publish."""
        as_of, settings = self.terms.as_of_us, self.settings
        rows = ActionRows(
            self.policy, self.people.customer_ids, as_of, self.terms.currency, self.terms.model_version,
            settings.top, settings.include_nothing, self.approved.going,
        )  # fmt: skip
        tally, why_not = Tally(self.policy), self.why_not
        apprentice = self.policy.practice.apprentice
        trial = why_not or (LEARNS_FROM_OTHERS if apprentice else None)
        takers: list[Taker] = [rows.add, tally.add]
        funnel = FunnelTally(self.policy) if settings.explain else None
        if funnel is not None:
            takers.append(funnel.add)
        with ExitStack() as publication:
            night = self._night(publication)
            if why_not is None:
                published = publishing(
                    self.workspace, self.online, self.people, self.policy, self.terms, self.told,
                    lambda: self._limits_to_publish(night),
                )  # fmt: skip
                takers.append(publication.enter_context(published))
            with ExitStack() as log:
                reservation: NightReservation | None = None
                if trial is None:
                    takers.append(log.enter_context(logging(self.con, self._log())))
                    stood = self.standing.by_customer
                    reservation = log.enter_context(reserving(self.online.ledger, self.told, as_of, stood))
                for chunk in night.chunks(reservation, on_progress):
                    for take in takers:
                        take(chunk)
            if trial is None:
                self.online.reviews.replace_night(as_of, rows.waiting)
            written = write_night_files(self.workspace, settings, rows, as_of, nobody=apprentice)
            if trial is None:
                self.online.reviews.mark_out((review.decision_id for review, _ in self.approved.going), as_of)
        return replace(
            self._report(tally, written),
            why_not_logged=trial,
            waiting=len(rows.waiting),
            approved=self.approved,
            limits=tuple(night.lines),
            funnel=None if funnel is None else funnel.steps(night.lines),
        )

    def _log(self) -> NightLog:
        return NightLog(
            self.con, self.policy, self.people.customer_ids, self.terms.as_of_us, self.settings.seed,
            self.terms.model_version,
        )  # fmt: skip

    def _night(self, stack: ExitStack) -> FreeNight | LimitedNight:
        learned, settings = self.terms.learned, self.settings
        posterior = None if learned is None else learned.posterior
        limits = self.policy.guardrails.limits
        if not limits.limits:
            return FreeNight(
                self.people, self.policy, self.told, self.standing, posterior, settings.threads, settings.seed
            )
        file = ForeseenFile(self.workspace.temp_dir)
        stack.callback(file.close)
        return LimitedNight(
            self.people, self.policy, self.told, self.standing, posterior, limits, self.online.ledger, file,
            settings.threads, settings.seed,
        )  # fmt: skip

    def _limits_to_publish(self, night: FreeNight | LimitedNight) -> dict[str, Any] | None:
        if isinstance(night, FreeNight):
            return None
        contacts = self.workspace.config.roles.contact
        return night.to_publish(hourly_traffic(self.con, contacts, self.terms.as_of_us))

    def _report(self, tally: Tally, written: tuple[Path | None, Path | None]) -> ScoreReport:
        mix, version = tally.mix(), self.terms.model_version
        objectives = self.workspace.config.objectives
        return ScoreReport(
            self.terms.as_of_us, version, len(self.people), mix, sum(s.net_value for s in mix), tally.best_single(),
            *written, published=self.why_not is None, why_not_published=self.why_not,
            by_propensity=self.policy.by_propensity,
            best_customer=self.people.customer_ids[tally.best[1]] if tally.best[1] >= 0 else None,
            within_s=max((o.within for o in objectives), default=None) if self.policy.bundle.outcome else None,
            learned_until_us=parse_time(str(registry.show(self.workspace.models_dir, version).manifest["as_of"])),
            exploring=tally.exploring, kept_apart=tally.kept_apart, apart=tally.apart, tried=tally.tried,
            standing=len(self.standing.by_customer),
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
