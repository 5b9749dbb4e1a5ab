"""A night nothing limits: everybody is decided chunk by chunk, each chunk's contacts reserved before it is handed on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nbatool.activate.reserving import NightReservation, Wanted, taken_out
from nbatool.activate.standing import Standing
from nbatool.decide.batch import Population, ScoredChunk, score_chunks
from nbatool.decide.circumstances import NightCircumstances
from nbatool.decide.limits import LimitLine
from nbatool.decide.policy import Policy
from nbatool.models.posterior import Posterior

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class FreeNight:
    """Decides for everybody."""

    people: Population
    policy: Policy
    told: NightCircumstances
    standing: Standing
    posterior: Posterior | None
    threads: int
    seed: int
    lines: tuple[LimitLine, ...] = ()

    def chunks(
        self, reservation: NightReservation | None, on_progress: OnProgress | None
    ) -> Iterator[ScoredChunk]:
        """Yield the decisions of everybody, those that stand among them."""
        for made in score_chunks(
            self.people,
            self.policy,
            threads=self.threads,
            seed=self.seed,
            posterior=self.posterior,
            told=self.told,
        ):
            ids = self.people.customer_ids[made.first : made.last]
            chunk = self.standing.put_into(made, ids, self.policy.candidates)
            if reservation is not None:
                chunk = taken_out(chunk, reservation.reserve(Wanted.of(chunk)))
            yield chunk
            if on_progress is not None:
                on_progress(chunk.last, len(self.people))
