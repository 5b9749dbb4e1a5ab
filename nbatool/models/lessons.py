"""The fast learner as every process knows it: the snapshot in force, and the lessons since, taken in one by one.

What an outcome teaches is its difference from what the model expected, so a lesson counts for the version that made
the decision only; the next publication learns from the others by replaying them. An outcome's age is that of its
decision; at one half-life it counts half.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import US_PER_S
from nbatool.base.errors import BusyError
from nbatool.models.posterior import Posterior
from nbatool.store.decision_record import Candidate, Choice
from nbatool.store.learned import LearnedSnapshot, Lesson
from nbatool.store.online import OnlineStore

MOST_SINCE_SNAPSHOT = 500
"""Lessons after which a new snapshot is made, so that no reader has many to take in at its start."""


class LivePosterior:
    """The posterior in force, kept up with the online store.

    Parameters
    ----------
    online
        The online store.
    half_life_s
        Age at which an outcome counts half, in seconds.
    from_bytes
        Makes a posterior of a snapshot's bytes.
    """

    def __init__(
        self,
        online: OnlineStore,
        half_life_s: int,
        from_bytes: Callable[[bytes], Posterior] = Posterior.from_bytes,
    ) -> None:
        self._online, self._half_life_s, self._from_bytes = online, half_life_s, from_bytes
        self._marks = (-1, -1)
        self._snapshot: LearnedSnapshot | None = None
        self._posterior: Posterior | None = None
        self._arms: dict[Candidate, int] = {}
        self._lesson_position = self._learned_us = 0
        self._taken: list[tuple[NDArray[np.float64], int, float, float]] = []

    def current(self, model_version: str) -> Posterior | None:
        """Return the posterior with everything learned so far; None where none is in force for this version."""
        self.catch_up()
        right = self._snapshot is not None and self._snapshot.model_version == model_version
        return self._posterior if right else None

    @property
    def model_version(self) -> str | None:
        """The version whose residuals the snapshot in force models."""
        self.catch_up()
        return None if self._snapshot is None else self._snapshot.model_version

    @property
    def closed_position(self) -> int:
        """Windows closed in the warehouse up to here are known."""
        self.catch_up()
        return 0 if self._snapshot is None else self._snapshot.closed_position

    def learn(self, choice: Choice, outcome: float) -> bool:
        """Take in the outcome of one closed window, here and nowhere else; say whether it taught anything.

        It lasts when :meth:`keep` follows; :meth:`forget_unkept` undoes it.
        """
        assert self._posterior is not None
        if not self.can_learn(choice):
            return False
        assert choice.expected is not None
        arm = self._arms[choice.action_id, choice.channel]
        phi = np.asarray(choice.phi, dtype=np.float64)
        newer_s = (choice.as_of_us - self._learned_us) / US_PER_S
        if newer_s > 0:
            self._take_in()
            self._posterior.forget(newer_s)
            self._learned_us, newer_s = choice.as_of_us, 0.0
        # A decision older than the newest one learned from has aged by the difference already.
        weight = 2.0 ** (newer_s / self._half_life_s)
        self._taken.append((phi, arm, outcome - choice.expected, weight))
        return True

    def can_learn(self, choice: Choice) -> bool:
        """Say whether the outcome of a decision teaches the posterior last read anything; False where none is."""
        if self._snapshot is None or self._posterior is None:
            return False
        phi = np.asarray(choice.phi, dtype=np.float64)
        return bool(
            choice.model_version == self._snapshot.model_version
            and (choice.action_id, choice.channel) in self._arms
            and choice.expected is not None
            and len(phi) == self._posterior.d
            and np.isfinite(phi).all()
        )

    def _take_in(self) -> None:
        """Update the posterior with the lessons that wait, together and in their order."""
        if not self._taken:
            return
        assert self._posterior is not None
        phi, arm, residual, weight = zip(*self._taken, strict=True)
        self._taken = []
        self._posterior.update_many(np.array(phi), np.array(arm), np.array(residual), np.array(weight))

    def keep(self, closed_position: int | None = None) -> None:
        """Put what is known now in force as the new snapshot.

        Lessons that came meanwhile stay after it, and whoever reads it takes them in.

        Parameters
        ----------
        closed_position
            Windows closed in the warehouse up to here were taken in; None: no more than before.

        Raises
        ------
        BusyError
            Another version, or more of the warehouse, was put in force meanwhile; nothing is kept.
        """
        assert self._snapshot is not None
        assert self._posterior is not None
        self._take_in()
        base = self._snapshot
        made = LearnedSnapshot(
            base.model_version, self._posterior.to_bytes(), self._lesson_position,
            base.closed_position if closed_position is None else closed_position, self._learned_us,
        )  # fmt: skip
        with self._online.transaction():
            if self._online.learned.base() != (base.model_version, base.closed_position):
                raise BusyError("the fast learner was published anew meanwhile: run the command again")
            self._online.learned.put_in_force(made)

    def keep_if_long(self) -> None:
        """Make a snapshot where a reader that starts now would have many lessons to take in."""
        if self._online.learned.since_snapshot() < MOST_SINCE_SNAPSHOT:
            return
        # Most of it is taken in before the transaction: others wait for that.
        self.catch_up()
        with self._online.transaction():
            self.catch_up()
            self.keep()

    def forget_unkept(self) -> None:
        """Read everything anew: what was learned here was not kept."""
        self._marks = (-1, -1)

    def catch_up(self) -> None:
        """Read the snapshot in force where it is another, and take in the lessons since."""
        marks = self._online.learned.marks()
        if marks == self._marks:
            return
        if marks[0] != self._marks[0]:
            self._load()
        if self._posterior is not None:
            while lessons := self._online.learned.lessons_after(self._lesson_position):
                for position, lesson in lessons:
                    self.learn(_choice(lesson), lesson.outcome)
                    self._lesson_position = position
            self._take_in()
        self._marks = marks

    def _load(self) -> None:
        self._taken = []
        self._snapshot = self._online.learned.snapshot()
        if self._snapshot is None:
            self._posterior = None
            return
        self._posterior = self._from_bytes(self._snapshot.body)
        self._arms = {(action, channel): arm for arm, (action, channel) in enumerate(self._posterior.arms)}
        self._lesson_position = self._snapshot.lesson_position
        self._learned_us = self._snapshot.learned_us


def _choice(lesson: Lesson) -> Choice:
    return Choice(
        lesson.decision_id, lesson.as_of_us, lesson.closed_us, lesson.model_version, lesson.action_id,
        lesson.channel, lesson.expected, np.frombuffer(lesson.phi, dtype="<f8"),
    )  # fmt: skip
