"""Live decisions: the published state, one request, one answer; no DuckDB, no data frames.

`LiveService` loads what the online store says is in force and reloads when that changes. The decision itself is
`Policy.decide`, the same function the night uses.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import format_time, now_us, parse_time
from nbatool.base.errors import DataError, did_you_mean
from nbatool.base.next_step import command_for
from nbatool.decide.answer import Json, answer
from nbatool.decide.catalogue import ALL_CHANNELS, Catalogue
from nbatool.decide.decision import Wishes
from nbatool.decide.event_types import type_warnings
from nbatool.decide.night_answer import ANOTHER, NightAnswers
from nbatool.decide.policy import Policy, Scores
from nbatool.decide.practice import practice_from_json
from nbatool.decide.published import published_meta
from nbatool.decide.recording import Made, as_it_stands, kept_events, record_of
from nbatool.decide.request import Question, check_request, parse_request
from nbatool.decide.request_events import SessionEvent, live_event
from nbatool.decide.slots import choice_warnings, slots_of
from nbatool.decide.state_rows import read_body
from nbatool.decide.subjects import Subjects, decision_id
from nbatool.features.customer import CustomerFeatures
from nbatool.features.events import Event
from nbatool.features.live_customer import CustomerState, LiveFeatures, unknown_customer
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.models.bundle import Bundle
from nbatool.models.lessons import LivePosterior
from nbatool.models.posterior import Posterior
from nbatool.models.registry import champion, load_files
from nbatool.profile.consent import Marks, after_events
from nbatool.store.night_decisions import night_file
from nbatool.store.online import LiveEvent, OnlineStore, Published
from nbatool.store.state import StateReader


@dataclass(frozen=True)
class InForce:
    """A published state with its policy, ready to decide.

    ``clock_runs`` is False where the workspace's present is its newest record or a fixed time.
    """

    published: Published
    state: StateReader
    policy: Policy
    live: LiveFeatures
    score_names: tuple[str, ...]
    seed: int
    clock_runs: bool
    event_types: frozenset[str]
    outcomes: OutcomeTerms
    unsubscribes: frozenset[str]
    night: NightAnswers

    def now_us(self) -> int:
        """The present of a question: now, or the cut, so that old data answer as of their own time."""
        return now_us() if self.clock_runs else self.published.cut_us - 1

    def customer(self, customer_id: str | None) -> CustomerState | None:
        """What the state says about a customer; None of a stranger."""
        body = self.state.body(customer_id) if customer_id is not None else None
        return None if body is None else read_body(self.policy.bundle.features, self.score_names, body)

    def close(self) -> None:
        self.night.close()
        self.state.close()


class LiveService:
    """Answers requests for one workspace.

    Parameters
    ----------
    data_dir, models_dir
        Folders of the workspace.
    """

    def __init__(self, data_dir: Path, models_dir: Path) -> None:
        if not (data_dir / "online.db").exists():
            raise _unpublished(data_dir, models_dir)
        self._data_dir, self._models_dir = data_dir, models_dir
        self._online = OnlineStore(data_dir / "online.db")
        self._in_force: InForce | None = None
        self._learner: LivePosterior | None = None

    def close(self) -> None:
        if self._in_force is not None:
            self._in_force.close()
        self._online.close()

    def in_force(self) -> InForce:
        """Return what is published, loading it anew when it changed."""
        published = self._online.published()
        if published is None:
            raise _unpublished(self._data_dir, self._models_dir)
        if self._in_force is None or self._in_force.published != published:
            loaded = self._load(published)
            if self._in_force is not None:
                self._in_force.close()
            self._in_force = loaded
            self._learner = LivePosterior(self._online, loaded.outcomes.half_life_s)
        return self._in_force

    def posterior(self, in_force: InForce) -> Posterior | None:
        """What outcomes taught up to now, since the models in force were trained."""
        assert self._learner is not None
        return self._learner.current(in_force.published.model_version)

    def _load(self, published: Published) -> InForce:
        state = StateReader(self._data_dir / published.state)
        meta = published_meta(state)
        bundle = Bundle.from_files(load_files(self._models_dir, published.model_version))
        practice = practice_from_json(meta["practice"])
        policy = Policy(bundle, Catalogue.from_json(meta["catalogue"]), practice)
        live = LiveFeatures(bundle.features, meta["codes"])
        return InForce(
            published, state, policy, live, tuple(meta["scores"]), meta["seed"], meta["clock_runs"],
            frozenset(meta["event_types"]), OutcomeTerms.from_json(meta["learning"]), frozenset(meta["unsubscribes"]),
            NightAnswers(policy, state, self._data_dir / night_file(published.state)),
        )  # fmt: skip

    def together(self) -> AbstractContextManager[None]:
        """Keep what the block decides in one durable transaction; answers must not leave before it ends."""
        return self._online.transaction()

    def answer(
        self,
        line: bytes | str,
        *,
        timing: bool = False,
        as_of: str | None = None,
        explain: bool = False,
        dry_run: bool = False,
    ) -> Json:
        """Answer one request line.

        Parameters
        ----------
        timing
            Add the microseconds it took.
        as_of, explain, dry_run
            Stand in for the keys of a request that does not set them; a time without an offset is the workspace's.

        Raises
        ------
        DataError
            The request is wrong; its message says what is allowed.
        """
        started = time.perf_counter_ns()
        request = parse_request(line)
        request.explain = request.explain or explain
        request.dry_run = request.dry_run or dry_run
        in_force = self.in_force()
        plan = in_force.policy.bundle.features.plan
        if request.as_of is None and as_of is not None:
            request.as_of = format_time(parse_time(as_of, plan.zone))
        question = check_request(
            request, in_force.now_us(), plan.number_fields, clock_runs=in_force.clock_runs
        )
        result = self.decide(question, in_force)
        if timing:
            result["took_us"] = (time.perf_counter_ns() - started) // 1000
        return result

    def decide(self, question: Question, in_force: InForce) -> Json:
        """Decide one checked question, and keep the decision with its events that carry an id."""
        published = in_force.published
        if question.as_of_us < published.cut_us:
            raise DataError(
                f"as_of {format_time(question.as_of_us)} lies before the published state, "
                f"{format_time(published.cut_us)}: the past is not kept live. Leave as_of out to decide for now"
            )
        _check_names(question, in_force.policy.catalogue)
        state = in_force.customer(question.customer_id)
        name = decision_id(question.customer_id or "", question.as_of_us, in_force.seed, question.key)
        made, since = None, list[LiveEvent]()
        if state is not None and question.is_of_the_night(published.cut_us):
            customers, scores = self._at_moment(question, in_force, state, since)
            made = self._of_the_night(question, in_force, name, customers, scores)
            if made is None:
                name = decision_id(question.customer_id or "", question.as_of_us, in_force.seed, ANOTHER)
        if made is None:
            since = self._since(question, published)
            customers, scores = self._at_moment(question, in_force, state, since)
            made = self._made(question, in_force, name, customers, scores)
        result = answer(
            in_force.policy, question, customers, {n: _plain(v) for n, v in scores.items()}, made.decision, made.slots,
            decision_id=name, model_version=made.model_version,
            known=question.customer_id is None or state is not None or bool(since),
        )  # fmt: skip
        warnings = type_warnings((e.event.type for e in question.events), in_force.event_types)
        if warnings := [*warnings, *choice_warnings(in_force.policy, question)]:
            result["warnings"] = warnings
        return result

    def _of_the_night(
        self, question: Question, in_force: InForce, name: str, customers: CustomerFeatures, scores: Scores
    ) -> Made | None:
        """Return what the log has of the night's decision of this name; None where that cannot be told."""
        policy, subjects = in_force.policy, Subjects([question.customer_id], [name])
        stands = self._online.decision(name)
        if stands is not None:
            # Asked live before the night came: the first of its name is what the log keeps.
            made = policy.decide(customers, scores, subjects=subjects, posterior=self.posterior(in_force))
            return as_it_stands(policy, made, stands)
        logged = in_force.night.decision(subjects, customers, scores, lambda: self.posterior(in_force))
        if logged is None:
            return None
        return Made(logged, slots_of(policy, question, logged, name), in_force.published.model_version)

    def _made(
        self, question: Question, in_force: InForce, name: str, customers: CustomerFeatures, scores: Scores
    ) -> Made:
        """Decide, and keep the decision and its events; return the one that stands, the first of its name."""
        policy, version = in_force.policy, in_force.published.model_version
        wishes = Wishes(question.actions, question.channel, question.context)
        subjects = Subjects([question.customer_id], [name])
        posterior = self.posterior(in_force)
        decision = policy.decide(customers, scores, wishes, subjects=subjects, posterior=posterior)
        made = Made(decision, slots_of(policy, question, decision, name), version)
        if question.dry_run:
            return made
        record = record_of(
            policy, question, decision, slots=made.slots, decision_id=name, seed=in_force.seed,
            model_version=version, closes_us=in_force.outcomes.closes_us(question.as_of_us),
        )  # fmt: skip
        stands = self._online.record(record, kept_events(question))
        return made if stands == record else as_it_stands(policy, decision, stands)

    def known(
        self, question: Question, in_force: InForce
    ) -> tuple[CustomerFeatures, dict[str, NDArray[Any]]]:
        """Return what is known at the question's moment: features, and the published scores, one row each."""
        state, since = in_force.customer(question.customer_id), self._since(question, in_force.published)
        return self._at_moment(question, in_force, state, since)

    def _at_moment(
        self, question: Question, in_force: InForce, state: CustomerState | None, since: list[LiveEvent]
    ) -> tuple[CustomerFeatures, dict[str, NDArray[Any]]]:
        features = in_force.policy.bundle.features
        state = unknown_customer(features) if state is None else state
        events = self._happened(question, in_force, since)
        customers = in_force.live.compute(state, events, question.as_of_us)
        return customers, {name: _array(state.scores.get(name)) for name in in_force.score_names}

    def consent(self, question: Question, in_force: InForce) -> Marks:
        """Return what the customer said of channels before the question's moment, unsubscribe events since included."""
        state, since = in_force.customer(question.customer_id), self._since(question, in_force.published)
        happened = self._happened(question, in_force, since)
        return after_events(
            {} if state is None else state.consent,
            ((e.type, e.texts.get("channel"), e.ts_us) for e in happened),
            in_force.unsubscribes,
            question.as_of_us,
        )

    def _happened(self, question: Question, in_force: InForce, since: list[LiveEvent]) -> list[Event]:
        """What happened since the state was made: journalled events, and those of the request it does not hold."""
        fields = in_force.policy.bundle.features.plan.number_fields
        events = [_journalled(e, fields) for e in since]
        return events + [
            e.event for e in question.events if not self._is_known(e, question, in_force.published)
        ]

    def _is_known(self, e: SessionEvent, question: Question, published: Published) -> bool:
        """Whether an event of the request was told before, and the night has taken it into the state."""
        if question.customer_id is None or e.event_id is None:
            return False
        return self._online.holds(question.customer_id, e.event_id, published)

    def _since(self, question: Question, published: Published) -> list[LiveEvent]:
        """Journalled events the state does not hold, without those the request brings again."""
        if question.customer_id is None:
            return []
        brought = {e.event_id for e in question.events if e.event_id is not None}
        return [
            e for e in self._online.events_of(question.customer_id, published) if e.event_id not in brought
        ]


def _unpublished(data_dir: Path, models_dir: Path) -> DataError:
    begin = command_for(data_dir.parent)
    trained = champion(models_dir) is not None
    steps = f"{begin} score" if trained else f"{begin} train, then {begin} score (no model is trained yet)"
    return DataError(f"{data_dir} has no published state yet. Make one: {steps}")


def _check_names(question: Question, catalogue: Catalogue) -> None:
    """Refuse actions and channels the catalogue does not have: silence would hide a typing mistake."""
    channels = {part for offer in catalogue.offers for part in offer.channel.split(ALL_CHANNELS)}
    asked = {"actions": question.actions or frozenset(), "channel": {question.channel} - {None}}
    for key, known in (("actions", set(catalogue.actions)), ("channel", channels)):
        for name in sorted(str(n) for n in asked[key] - known):
            hint = did_you_mean(name, known) or "; known are " + ", ".join(sorted(known))
            raise DataError(f'{key}: the catalogue has no "{name}"{hint}')


def _journalled(e: LiveEvent, number_fields: tuple[str, ...]) -> Event:
    attributes = msgspec.json.decode(e.attributes) if e.attributes else {}
    return live_event(e.ts_us, e.type, e.value, e.action_id, e.channel, attributes, number_fields)


def _array(value: float | str | None) -> NDArray[Any]:
    if isinstance(value, str):
        result = np.empty(1, dtype=object)
        result[0] = value
        return result
    return np.array([np.nan if value is None else value], dtype=np.float64)


def _plain(values: NDArray[Any]) -> Any:
    return values[0]
