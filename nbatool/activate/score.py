"""``nbatool score`` as one step: decide for everybody, write both files, publish what live decisions need."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbatool.activate.action_file import ActionRows
from nbatool.activate.approved import Approved, approved_now
from nbatool.activate.free_night import FreeNight
from nbatool.activate.funnel_tally import FunnelTally
from nbatool.activate.limiting import LimitedNight
from nbatool.activate.meanwhile import Meanwhile
from nbatool.activate.night_files import write_night_files
from nbatool.activate.night_log import NightLog, logging
from nbatool.activate.put_back import PutBack, with_contacts_put_back
from nbatool.activate.reserving import NightReservation, reserving
from nbatool.activate.reviewed_log import log_reviewed
from nbatool.activate.scored import ScoreReport, ScoreSettings, Unconfirmed
from nbatool.activate.standing import Standing
from nbatool.activate.tally import Tally
from nbatool.activate.upkeep import forget
from nbatool.base.clock import format_time, now_us, parse_time
from nbatool.decide.assemble import champion_policy
from nbatool.decide.batch import Population, ScoredChunk, circumstances_of, population
from nbatool.decide.circumstances import NightCircumstances, confirm
from nbatool.decide.foreseen_file import ForeseenFile
from nbatool.decide.policy import Policy
from nbatool.decide.practice import practice_of
from nbatool.decide.publish import Terms, publishing
from nbatool.decide.rebase import Rebased, rebased
from nbatool.decide.traffic import traffic_before
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.ingest.catalogue import load_catalogue
from nbatool.ingest.drain import Drained, drain
from nbatool.models import registry
from nbatool.profile.present import present_us, require_fresh, require_past
from nbatool.store.online import OnlineStore
from nbatool.store.reviews import APPROVED
from nbatool.store.warehouse import Warehouse, open_warehouse

if TYPE_CHECKING:
    import duckdb

    from nbatool.base.config import Config
    from nbatool.store.workspace import Workspace

LEARNS_FROM_OTHERS = "an apprentice only learns from the choices it is told ([exploration] apprentice)"
OnProgress = Callable[[int, int], None]
Taker = Callable[[ScoredChunk], None]


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
    version, policy = champion_policy(workspace, load_catalogue(workspace.config))
    with ExitStack() as stack:
        warehouse = stack.enter_context(open_warehouse(workspace))
        online = OnlineStore(workspace.online_path)
        stack.callback(online.close)
        drained = drain(workspace, warehouse)
        as_of = _moment(workspace.config, warehouse, as_of_us)
        terms = _terms(
            workspace.config, settings, version, as_of, drained, _learned(workspace, warehouse, policy, as_of)
        )
        return _gathered(workspace, settings, warehouse, online, policy, terms, stack).run(on_progress)


def _moment(config: Config, warehouse: Warehouse, as_of_us: int | None) -> int:
    """The moment to decide at, checked."""
    as_of = present_us(warehouse.con, config, as_of_us)
    if as_of_us is None:
        require_fresh(warehouse.con, config, as_of)
    require_past(warehouse.con, as_of)
    return as_of


def _learned(workspace: Workspace, warehouse: Warehouse, policy: Policy, as_of_us: int) -> Rebased | None:
    return rebased(warehouse.con, policy, OutcomeTerms.of(workspace.config), as_of_us=as_of_us)


def _terms(
    config: Config, settings: ScoreSettings, version: str, as_of_us: int, drained: Drained, learned: Rebased | None
) -> Terms:  # fmt: skip
    return Terms(
        version, as_of_us, settings.seed, config.workspace.currency, drained.events, config.workspace.as_of == "now",
        OutcomeTerms.of(config), learned, drained.lessons,
    )  # fmt: skip


def _gathered(
    workspace: Workspace, settings: ScoreSettings, warehouse: Warehouse, online: OnlineStore, policy: Policy, terms: Terms,
    stack: ExitStack,
) -> _Scoring:  # fmt: skip
    """Gather what the night is decided with; approved decisions of earlier nights come first, so that they count."""
    config, con, as_of = workspace.config, warehouse.con, terms.as_of_us
    online.reviews.take_back(os.path.exists)
    why_not = _why_not_published(settings, online, as_of)
    is_trial = why_not is not None or (config.exploration is not None and config.exploration.apprentice)
    online, put_back = with_contacts_put_back(con, online, policy.guardrails, as_of, keeps=why_not is None)
    stack.callback(online.close)  # a trial's copy
    if not is_trial:
        confirm(con, policy.guardrails, online, config.roles.contact, as_of)
    words = online.reviews.words_of(as_of)
    meanwhile = Meanwhile(online, policy.guardrails, config.roles.unsubscribe, terms.journal_position, as_of)
    approved = Approved() if is_trial else approved_now(con, config, policy, online, as_of, meanwhile)
    people = population(con, config, policy, as_of_us=as_of, most=settings.most)
    told = circumstances_of(people, config, policy, online)
    going = {review.decision_id for review, _ in approved.going}
    of_now = {
        name: out is not None or name in going for name, (state, out) in words.items() if state == APPROVED
    }
    standing = Standing.of(con, as_of, of_now)
    posterior = None if terms.learned is None else terms.learned.posterior
    practice = practice_of(config, policy, people, posterior, told, threads=settings.threads)
    return _Scoring(
        workspace, settings, con, online, people, replace(policy, practice=practice), terms, standing, told, approved,
        why_not, put_back, words.keys(), meanwhile,
    )  # fmt: skip


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
    put_back: PutBack | None
    spoken_of: Container[str]
    meanwhile: Meanwhile

    def run(self, on_progress: OnProgress | None) -> ScoreReport:
        """Decide; log before any file can be acted on; write the files; publish."""
        as_of, settings = self.terms.as_of_us, self.settings
        rows = ActionRows(
            self.policy, self.people.customer_ids, as_of, self.terms.currency, self.terms.model_version,
            settings.top, settings.include_nothing, self.approved.going, self.standing.approved,
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
                    # What an earlier run of this night contacted counts until the new file stands.
                    reservation = publication.enter_context(
                        reserving(self.online.ledger, self.told, as_of, stood, self.meanwhile)
                    )
                for chunk in night.chunks(reservation, on_progress):
                    for take in takers:
                        take(chunk)
                if trial is None:
                    waiting = [*(review.decision_id for review in rows.waiting), *self.standing.approved]
                    log_reviewed(self.con, as_of, waiting, self.approved.going, self.online.reviews.not_out())
                    self.online.reviews.replace_night(as_of, rows.waiting, self.spoken_of)
            written = write_night_files(
                self.workspace, settings, rows, as_of, nobody=apprentice,
                beside=why_not is not None and self.standing.is_logged, around=self._going_out,
            )  # fmt: skip
            if trial is None:
                forget(self.online, self.policy.guardrails, self.terms.outcomes, as_of)
        return replace(
            self._report(tally, written),
            why_not_logged=trial,
            contacted=rows.customers,
            waiting=len(rows.waiting),
            approved=self.approved,
            put_back=self.put_back,
            unconfirmed=self._unconfirmed(),
            limits=tuple(night.lines),
            funnel=None if funnel is None else funnel.steps(),
        )

    @contextmanager
    def _going_out(self, file: Path | None) -> Iterator[None]:
        """Keep what goes out with the file just before it stands, so that nothing is ever sent twice.

        Where it does not come to stand, it goes out the next time: after a kill the file is still there under its
        temporary name.
        """
        reviews = self.online.reviews
        names = [review.decision_id for review, _ in self.approved.going if review.out_as_of_us is None]
        reviews.mark_out(names, self.terms.as_of_us, str(file))
        try:
            yield
        except BaseException:
            reviews.take_back(lambda said: said == str(file))
            raise

    def _unconfirmed(self) -> Unconfirmed | None:
        """Contacts that guardrails would count, had anybody said that they were made."""
        guards = self.policy.guardrails
        if not (guards.contacts.rules or guards.limits.limits):
            return None
        count = self.online.ledger.unconfirmed(self.terms.as_of_us - guards.longest_us)
        return Unconfirmed(count, guards.unconfirmed_s) if count else None

    def _log(self) -> NightLog:
        return NightLog(
            self.con, self.policy, self.people.customer_ids, self.terms.as_of_us, self.settings.seed,
            self.terms.model_version, tuple(self.standing.approved),
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
        return night.to_publish(traffic_before(self.con, self.terms.as_of_us, contacts))

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
