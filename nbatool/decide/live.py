"""Live decisions: the published state, one request, one answer; no DuckDB, no data frames.

`LiveService` loads what the online store says is in force and reloads when that changes. The decision itself is
`Policy.decide`, the same function the night uses; `live_group` decides what waits together at once.
"""

from __future__ import annotations

import time
from collections.abc import Sequence, Set
from pathlib import Path

from nbatool.base.clock import format_time, parse_time
from nbatool.base.errors import DataError, NbaError, did_you_mean
from nbatool.base.next_step import command_for
from nbatool.decide.answer import Json, answer
from nbatool.decide.catalogue import ALL_CHANNELS
from nbatool.decide.event_types import type_warnings
from nbatool.decide.in_force import InForce, load_in_force
from nbatool.decide.live_group import Decided, Deciding
from nbatool.decide.live_reading import LiveReading
from nbatool.decide.request import Question, check_request, parse_request
from nbatool.decide.slots import choice_warnings
from nbatool.models.lessons import LivePosterior
from nbatool.models.posterior import Posterior
from nbatool.models.registry import champion
from nbatool.store.online import OnlineStore


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

    def answer(
        self,
        line: bytes | str,
        *,
        timing: bool = False,
        as_of: str | None = None,
        explain: bool = False,
        dry_run: bool = False,
    ) -> Json:
        """Answer one request line; parameters as `answer_group`.

        Raises
        ------
        DataError
            The request is wrong; its message says what is allowed.
        """
        [found] = self.answer_group([line], timing=timing, as_of=as_of, explain=explain, dry_run=dry_run)
        if isinstance(found, NbaError):
            raise found
        return found

    def answer_group(
        self,
        lines: Sequence[bytes | str],
        *,
        timing: bool = False,
        as_of: str | None = None,
        explain: bool = False,
        dry_run: bool = False,
    ) -> list[Json | NbaError]:
        """Answer request lines as one after the other would be, in one go; what stands of them is kept by then.

        Parameters
        ----------
        timing
            Add the microseconds it took, from the group's beginning.
        as_of, explain, dry_run
            Stand in for the keys of a request that does not set them; a time without an offset is the workspace's.

        Returns
        -------
        list[Json | NbaError]
            In the order of the lines: the answer, or what is wrong with the request.
        """
        started = time.perf_counter_ns()
        in_force = self.in_force()
        found: dict[int, Json | NbaError] = {}
        questions: dict[int, Question] = {}
        for k, line in enumerate(lines):
            try:
                questions[k] = self._question(line, in_force, as_of, explain=explain, dry_run=dry_run)
            except NbaError as error:
                found[k] = error
        decided = self._deciding(in_force).decided(list(questions.values()))
        for k, one in zip(questions, decided, strict=True):
            if isinstance(one, NbaError):
                found[k] = one
                continue
            found[k] = result = self._told(one, in_force)
            if timing:
                result["took_us"] = (time.perf_counter_ns() - started) // 1000
        return [found[k] for k in range(len(lines))]

    def decide(self, question: Question, in_force: InForce) -> Json:
        """Decide one checked question, and keep the decision with its events that carry an id."""
        _check(question, in_force)
        [one] = self._deciding(in_force).decided([question])
        if isinstance(one, NbaError):
            raise one
        return self._told(one, in_force)

    def _question(
        self, line: bytes | str, in_force: InForce, as_of: str | None, *, explain: bool, dry_run: bool
    ) -> Question:
        request = parse_request(line)
        request.explain = request.explain or explain
        request.dry_run = request.dry_run or dry_run
        plan = in_force.policy.bundle.features.plan
        if request.as_of is None and as_of is not None:
            request.as_of = format_time(parse_time(as_of, plan.zone))
        question = check_request(
            request, in_force.now_us(), plan.number_fields, clock_runs=in_force.clock_runs
        )
        _check(question, in_force)
        return question

    def _deciding(self, in_force: InForce) -> Deciding:
        return Deciding(in_force, self._online, lambda: self.posterior(in_force))

    def _told(self, one: Decided, in_force: InForce) -> Json:
        """The answer of a decision."""
        question, made, known = one.question, one.made, one.what_was_known()
        result = answer(
            in_force.policy, question, known.customers, {n: v[0] for n, v in known.scores.items()}, made.decision,
            made.slots, decision_id=one.name, model_version=made.model_version, known=not known.strangers[0],
            told=known.told,
        )  # fmt: skip
        warnings = type_warnings((e.event.type for e in question.events), in_force.event_types)
        if warnings := [*warnings, *choice_warnings(in_force.policy, question)]:
            result["warnings"] = warnings
        return result

    def reading(self, in_force: InForce) -> LiveReading:
        """Return what reads what a question is decided with."""
        return LiveReading(in_force, self._online)


def _unpublished(data_dir: Path, models_dir: Path) -> DataError:
    begin = command_for(data_dir.parent)
    trained = champion(models_dir) is not None
    steps = f"{begin} score" if trained else f"{begin} train, then {begin} score (no model is trained yet)"
    return DataError(f"{data_dir} has no published state yet. Make one: {steps}")


def _check(question: Question, in_force: InForce) -> None:
    """Refuse the past, and actions and channels the catalogue does not have: silence would hide a typing mistake."""
    published, catalogue = in_force.published, in_force.policy.catalogue
    if question.as_of_us < published.cut_us:
        raise DataError(
            f"as_of {format_time(question.as_of_us)} lies before the published state, "
            f"{format_time(published.cut_us)}: the past is not kept live. Leave as_of out to decide for now"
        )
    if question.actions:
        _check_names("actions", question.actions, set(catalogue.actions))
    if question.channel is not None:
        channels = {part for offer in catalogue.offers for part in offer.channel.split(ALL_CHANNELS)}
        _check_names("channel", {question.channel}, channels)


def _check_names(key: str, asked: Set[str], known: set[str]) -> None:
    for name in sorted(asked - known):
        hint = did_you_mean(name, known) or "; known are " + ", ".join(sorted(known))
        raise DataError(f'{key}: the catalogue has no "{name}"{hint}')
