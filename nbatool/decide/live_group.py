"""Live questions decided together: what stands is read once, decided at once, and kept in one short transaction.

The answers are those of one question after the other, to the last bit. So a run of questions holds no customer twice (the
second answer must know of the contact of the first), and every step is elementwise by row, as it is for the night.

A decision is worked out while others may write. The transaction that keeps it looks again at what the store says of the
customer: a decision that saw something else is left out and made anew, so that no cap is exceeded by two processes that
answer the same customer at the same instant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from nbatool.base.errors import NbaError
from nbatool.decide.decision import Wishes
from nbatool.decide.in_force import InForce
from nbatool.decide.live_reading import Known, LiveReading, Seen
from nbatool.decide.live_room import LiveRoom
from nbatool.decide.night_answer import ANOTHER
from nbatool.decide.recording import Made, as_it_stands, contacts_of, kept_events, record_of
from nbatool.decide.request import Question
from nbatool.decide.slots import slots_of
from nbatool.decide.subjects import Subjects, decision_id
from nbatool.features.live_customer import CustomerState
from nbatool.models.posterior import Posterior
from nbatool.store.contact import SENT
from nbatool.store.decision_record import Slot
from nbatool.store.online import OnlineStore

MOST_TRIES = 3
"""How often a decision is worked out beside other writers before it is worked out while they wait."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the name of its decision, and what the published state says of its customer."""

    question: Question
    name: str
    state: CustomerState | None


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that stands; ``known`` is of its question alone only where ``row`` is asked for."""

    question: Question
    name: str
    known: Known
    row: int
    made: Made

    def what_was_known(self) -> Known:
        return self.known.of_question(self.row, self.question)


Outcome = Decided | NbaError
"""The decision, or why there is none."""


def runs(questions: Sequence[Question], cut_us: int) -> Iterator[range]:
    """Cut questions into runs of neighbours that can be decided at once.

    Those of a run wish for the same, say texts under the same names of their context (no column holds texts and numbers)
    and have different customers; what keeps nothing may be of any. A question of the night, which is answered from what
    the night logged, is a run by itself.
    """
    first, kept = 0, set[str]()
    for k, question in enumerate(questions):
        before = questions[first]
        if k > first and (
            (question.actions, question.channel) != (before.actions, before.channel)
            or _texts(question) != _texts(before)
            or before.is_of_the_night(cut_us)
            or question.is_of_the_night(cut_us)
            or question.customer_id in kept
        ):
            yield range(first, k)
            first, kept = k, set()
        if question.customer_id is not None and not question.dry_run:
            kept.add(question.customer_id)
    if questions:
        yield range(first, len(questions))


def _texts(question: Question) -> set[str]:
    """Names of the context that the question says a text under."""
    return {name for name, value in question.context.items() if isinstance(value, str)}


class Deciding:
    """Decides questions by what is in force.

    Parameters
    ----------
    posterior
        What outcomes taught up to now.
    """

    def __init__(
        self, in_force: InForce, online: OnlineStore, posterior: Callable[[], Posterior | None]
    ) -> None:
        self._in_force, self._online, self._posterior = in_force, online, posterior
        self._reading = LiveReading(in_force, online)

    def decided(self, questions: Sequence[Question]) -> list[Outcome]:
        """Decide checked questions, and keep the decisions with their contacts and the events that carry an id."""
        found: list[Outcome] = []
        for run in runs(questions, self._in_force.published.cut_us):
            found += self._run([questions[k] for k in run])
        return found

    def _run(self, questions: Sequence[Question]) -> list[Outcome]:
        try:
            return self._at_once(questions)
        except NbaError as error:
            # One customer's damaged state is no error of the others.
            return [error] if len(questions) == 1 else [one for q in questions for one in self._run([q])]

    def _at_once(self, questions: Sequence[Question]) -> list[Outcome]:
        states, key = self._reading.states(questions), None
        first, state = questions[0], states[0]
        if state is not None and first.is_of_the_night(self._in_force.published.cut_us):
            night = self._of_the_night(first, self._name(first), state)
            if night is not None:
                return [night]
            key = ANOTHER
        asked = [Asked(q, self._name(q, key), state) for q, state in zip(questions, states, strict=True)]
        found: dict[int, Outcome] = {}
        left = list(range(len(asked)))
        for _ in range(MOST_TRIES):
            made = dict(zip(left, self._worked_out([asked[k] for k in left]), strict=True))
            found |= made
            left = self._keep(
                {k: m for k, m in made.items() if isinstance(m, Decided) and not m.question.dry_run}, found
            )
            if not left:
                break
        for k in left:
            found[k] = self._while_others_wait(asked[k])
        return [found[k] for k in range(len(asked))]

    def _keep(self, made: dict[int, Decided], found: dict[int, Outcome]) -> list[int]:
        """Keep decisions in one transaction and put them into ``found``; return which must be made anew."""
        if not made:
            return []
        again, kept = [], dict[int, Outcome]()
        try:
            with self._online.transaction():
                seen = self._seen(list(made.values()))
                for (k, one), now in zip(made.items(), seen, strict=True):
                    if not self._stands(one, now):
                        again.append(k)
                        continue
                    try:
                        kept[k] = self._kept(one)
                    except NbaError as error:
                        kept[k] = error  # what was begun of it is undone by itself
        except NbaError as error:
            # Nothing was kept of any of them.
            found |= dict.fromkeys(made, error)
            return []
        found |= kept
        return again

    def _seen(self, made: Sequence[Decided]) -> list[Seen]:
        """What the store says now of the customers of decisions worked out together."""
        if made[0].known.number == self._online.change_number():
            return [one.known.seen[one.row] for one in made]
        return self._reading.seen([one.question for one in made])

    def _stands(self, one: Decided, now: Seen) -> bool:
        """Whether a decision may be kept as it was made; asked inside the transaction that keeps it."""
        if now != one.known.seen[one.row]:
            return False
        room, made = self._in_force.room, [slot.candidate for slot in one.made.slots]
        if room is None or self._in_force.policy.practice.apprentice:
            return True  # an apprentice keeps what its caller does, whatever there is room for
        return room.fit(made, one.question.as_of_us)

    def _while_others_wait(self, asked: Asked) -> Outcome:
        """Decide and keep one question that others overtook again and again."""
        try:
            with self._online.transaction():
                [one] = self._worked_out([asked])
                return self._kept(one) if isinstance(one, Decided) else one
        except NbaError as error:
            return error

    def _worked_out(self, asked: Sequence[Asked]) -> list[Outcome]:
        """Decide by what is known now; nothing is kept."""
        policy, questions, names = self._in_force.policy, [a.question for a in asked], [a.name for a in asked]
        known = self._reading.at_each(questions, names, [a.state for a in asked])
        decision = policy.decide(
            known.customers, known.scores,
            Wishes(questions[0].actions, questions[0].channel, [q.context for q in questions]),
            subjects=Subjects([q.customer_id for q in questions], names), posterior=self._posterior(), told=known.told,
        )  # fmt: skip
        found: list[Outcome] = []
        for row, (question, name) in enumerate(zip(questions, names, strict=True)):
            own = decision if len(asked) == 1 else decision.of_row(row)
            told = known.of_question(row, question).told if question.slate else known.told
            try:
                slots = slots_of(policy, question, own, name, told)
            except NbaError as error:
                found.append(error)
                continue
            if question.slate and self._in_force.room is not None:
                slots = _with_room(slots, self._in_force.room, question.as_of_us)
            made = Made(own, slots, self._in_force.published.model_version)
            found.append(Decided(question, name, known, row, made))
        return found

    def _kept(self, one: Decided) -> Outcome:
        """Keep a decision, its contacts and its events; return the one that stands, the first of its name."""
        in_force, question, made = self._in_force, one.question, one.made
        record = record_of(
            in_force.policy, question, made.decision, slots=made.slots, decision_id=one.name, seed=in_force.seed,
            model_version=made.model_version, closes_us=in_force.outcomes.closes_us(question.as_of_us),
        )  # fmt: skip
        types = in_force.circumstances.contact_types
        with self._online.transaction():
            stands = self._online.record(record, kept_events(question), contacts_of(in_force.policy, record))
            for e in question.events:
                if e.event_id is not None and e.decision_id is not None and e.event.type in types:
                    self._online.ledger.mark(e.decision_id, SENT, e.event.ts_us)
        if stands != record:
            try:
                made = as_it_stands(in_force.policy, made.decision, stands)
            except NbaError as error:
                return error
        return Decided(question, one.name, one.known, one.row, made)

    def _of_the_night(self, question: Question, name: str, state: CustomerState) -> Decided | None:
        """Return what the log has of the night's decision of this name; None where that cannot be told.

        What waits for a person, or was rejected, is nobody's to carry out: it is not told either.
        """
        policy, subjects = self._in_force.policy, Subjects([question.customer_id], [name])
        known = self._reading.at_the_cut(state, question.customer_id)
        stands = self._online.decision(name)
        if stands is not None:
            # Asked live before the night came: the first of its name is what the log keeps.
            made = policy.decide(
                known.customers,
                known.scores,
                subjects=subjects,
                posterior=self._posterior(),
                told=known.told,
            )
            return Decided(question, name, known, 0, as_it_stands(policy, made, stands))
        word = self._online.reviews.word(name)
        if word is not None and word.at_us is None:
            return None
        logged = self._in_force.night.decision(
            subjects, known.customers, known.scores, known.told, self._posterior
        )
        if logged is None:
            return None
        slots = slots_of(policy, question, logged, name, known.told)
        return Decided(question, name, known, 0, Made(logged, slots, self._in_force.published.model_version))

    def _name(self, question: Question, key: str | None = None) -> str:
        said = question.key if key is None else key
        return decision_id(question.customer_id or "", question.as_of_us, self._in_force.seed, said)


def _with_room(slots: list[Slot], room: LiveRoom, as_of_us: int) -> list[Slot]:
    """The places of a slate that limits have room for together; it ends where they have none for the next."""
    for n in range(len(slots), 1, -1):
        if room.fit([slot.candidate for slot in slots[:n]], as_of_us):
            return slots[:n]
    return slots[:1]
