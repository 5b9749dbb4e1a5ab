"""Live decisions: the published state, one request, one answer; no DuckDB, no data frames.

`LiveService` loads what the online store says is in force and reloads when that changes. The decision itself is
`Policy.decide`, the same function the night uses.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nbatool.base.clock import format_time, parse_time
from nbatool.base.errors import DataError, did_you_mean
from nbatool.base.next_step import command_for
from nbatool.decide.answer import Json, answer
from nbatool.decide.catalogue import ALL_CHANNELS, Catalogue
from nbatool.decide.decision import Wishes
from nbatool.decide.event_types import type_warnings
from nbatool.decide.in_force import InForce, load_in_force
from nbatool.decide.live_reading import Known, LiveReading
from nbatool.decide.night_answer import ANOTHER
from nbatool.decide.recording import Made, as_it_stands, contacts_of, kept_events, record_of
from nbatool.decide.request import Question, check_request, parse_request
from nbatool.decide.slots import choice_warnings, slots_of
from nbatool.decide.subjects import Subjects, decision_id
from nbatool.models.lessons import LivePosterior
from nbatool.models.posterior import Posterior
from nbatool.models.registry import champion
from nbatool.store.contact import SENT
from nbatool.store.online import OnlineStore

MOST_TRIES = 3
"""How often a decision is worked out beside other writers before it is worked out while they wait."""


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
            loaded = load_in_force(published, self._data_dir, self._models_dir, self._online.ledger)
            if self._in_force is not None:
                self._in_force.close()
            self._in_force = loaded
            self._learner = LivePosterior(self._online, loaded.outcomes.half_life_s)
        return self._in_force

    def posterior(self, in_force: InForce) -> Posterior | None:
        """What outcomes taught up to now, since the models in force were trained."""
        assert self._learner is not None
        return self._learner.current(in_force.published.model_version)

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
        known, made, name = self._decided(question, in_force)
        result = answer(
            in_force.policy, question, known.customers, {n: _plain(v) for n, v in known.scores.items()},
            made.decision, made.slots, decision_id=name, model_version=made.model_version,
            known=not known.is_stranger, told=known.told,
        )  # fmt: skip
        warnings = type_warnings((e.event.type for e in question.events), in_force.event_types)
        if warnings := [*warnings, *choice_warnings(in_force.policy, question)]:
            result["warnings"] = warnings
        return result

    def _decided(self, question: Question, in_force: InForce) -> tuple[Known, Made, str]:
        """Return what was known, the decision, and its name."""
        reading = LiveReading(in_force, self._online)
        state = in_force.customer(question.customer_id)
        name = decision_id(question.customer_id or "", question.as_of_us, in_force.seed, question.key)
        if state is not None and question.is_of_the_night(in_force.published.cut_us):
            known = reading.at_the_cut(state, question.customer_id)
            made = self._of_the_night(question, in_force, name, known)
            if made is not None:
                return known, made, name
            name = decision_id(question.customer_id or "", question.as_of_us, in_force.seed, ANOTHER)
        for _ in range(MOST_TRIES):
            known = reading.at(question, name, state)
            made = self._made(question, in_force, name, known)
            if question.dry_run:
                return known, made, name
            with self._online.transaction():
                # Worked out while others could write: it stands if nobody reserved a contact of the customer meanwhile.
                if reading.is_as_seen(question, known.version) and self._fits(question, in_force, made):
                    return known, self._kept(question, in_force, name, made), name
        with self._online.transaction():
            known = reading.at(question, name, state)
            made = self._made(question, in_force, name, known)
            return known, self._kept(question, in_force, name, made), name

    def _of_the_night(self, question: Question, in_force: InForce, name: str, known: Known) -> Made | None:
        """Return what the log has of the night's decision of this name; None where that cannot be told."""
        policy, subjects = in_force.policy, Subjects([question.customer_id], [name])
        stands = self._online.decision(name)
        if stands is not None:
            # Asked live before the night came: the first of its name is what the log keeps.
            made = policy.decide(
                known.customers,
                known.scores,
                subjects=subjects,
                posterior=self.posterior(in_force),
                told=known.told,
            )
            return as_it_stands(policy, made, stands)
        logged = in_force.night.decision(
            subjects, known.customers, known.scores, known.told, lambda: self.posterior(in_force)
        )
        if logged is None:
            return None
        return Made(logged, slots_of(policy, question, logged, name), in_force.published.model_version)

    def _made(self, question: Question, in_force: InForce, name: str, known: Known) -> Made:
        """Decide by what is known."""
        policy = in_force.policy
        decision = policy.decide(
            known.customers, known.scores, Wishes(question.actions, question.channel, question.context),
            subjects=Subjects([question.customer_id], [name]), posterior=self.posterior(in_force), told=known.told,
        )  # fmt: skip
        return Made(decision, slots_of(policy, question, decision, name), in_force.published.model_version)

    def _fits(self, question: Question, in_force: InForce, made: Made) -> bool:
        """Whether limits still have room for what was decided; ask in the transaction that reserves."""
        if in_force.room is None:
            return True
        offers = len(in_force.policy.catalogue.offers)
        chosen = (slot.candidate for slot in made.slots)
        return all(j >= offers or not in_force.room.fits(j, question.as_of_us) for j in chosen)

    def _kept(self, question: Question, in_force: InForce, name: str, made: Made) -> Made:
        """Keep a decision, its contacts and its events; return the one that stands, the first of its name."""
        policy = in_force.policy
        record = record_of(
            policy, question, made.decision, slots=made.slots, decision_id=name, seed=in_force.seed,
            model_version=made.model_version, closes_us=in_force.outcomes.closes_us(question.as_of_us),
        )  # fmt: skip
        stands = self._online.record(record, kept_events(question), contacts_of(policy, record))
        types = in_force.circumstances.contact_types
        for e in question.events:
            if e.event_id is not None and e.decision_id is not None and e.event.type in types:
                self._online.ledger.mark(e.decision_id, SENT, e.event.ts_us)
        return made if stands == record else as_it_stands(policy, made.decision, stands)

    def reading(self, in_force: InForce) -> LiveReading:
        """Return what reads what a question is decided with."""
        return LiveReading(in_force, self._online)


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


def _plain(values: NDArray[Any]) -> Any:
    return values[0]
