"""Why one customer gets one action: the money term by term, what mattered, everything else, what was ruled out."""

from __future__ import annotations

from dataclasses import dataclass

from nbatool.base.records import NOTHING
from nbatool.decide.how_chosen import was_tried
from nbatool.decide.net_value_terms import Term


@dataclass(frozen=True)
class Ranked:
    """An offer and its money; `nothing` has no channel.

    Parameters
    ----------
    uplift
        None where values come from propensities: no effect is known.
    removed_by, step
        What ruled it out, with the values it saw, and which step of the funnel that is; None where it is possible.
    review
        The rule by which a person looks first, with the values it saw; None where nobody has to.
    send_at_us
        When it would go out, µs since 1970; None: at once.
    """

    action_id: str
    action_name: str
    channel: str | None
    net_value: float
    uplift: float | None
    expected_outcome: float
    removed_by: str | None
    step: str | None = None
    review: str | None = None
    send_at_us: int | None = None


@dataclass(frozen=True)
class Explanation:
    """One decision, explained.

    Parameters
    ----------
    chosen
        What to do; None for nothing.
    about
        The offer explained: the one asked for, else the chosen one, else the best that is possible; None when nothing
        is possible and nothing was asked for.
    terms
        Parts of the net value of ``about``.
    mattered
        Parts of its uplift, greatest first.
    expected_nothing
        Expected outcome of doing nothing.
    ranked, removed
        All other offers: possible ones best first, and those ruled out.
    scores
        Propensities, lifetime value and segment; None where unknown.
    by_propensity
        Whether no contact was logged, so that values are propensity × value per response.
    allow_nothing
        Whether doing nothing may be chosen.
    horizon_s
        Seconds that lifetime value and expected purchases look ahead; None without a model of them.
    arm
        The experiment group the customer is in.
    probability
        The chance of the choice within that group.
    uplift_se
        Standard error of the uplift of ``about``; None where no effect is known.
    asked
        The action asked for, by its id; None where none was.
    set_against_terms
        Parts of the net value of `set_against`.
    taken_out
        What the night drew and could not do, with why as what removed it; None where that was not so.
    note
        What the net values leave out, in words; None where nothing.
    """

    customer_id: str
    as_of_us: int
    model_version: str
    chosen: Ranked | None
    about: Ranked | None
    terms: tuple[Term, ...]
    mattered: tuple[Term, ...]
    expected_nothing: float
    ranked: tuple[Ranked, ...]
    removed: tuple[Ranked, ...]
    scores: dict[str, float | str | None]
    by_propensity: bool
    allow_nothing: bool = True
    horizon_s: int | None = None
    arm: str = "policy"
    probability: float = 1.0
    uplift_se: float | None = None
    asked: str | None = None
    set_against_terms: tuple[Term, ...] = ()
    taken_out: Ranked | None = None
    note: str | None = None

    @property
    def worth(self) -> float:
        """Net value of what was chosen."""
        return 0.0 if self.chosen is None else self.chosen.net_value

    @property
    def best_known(self) -> Ranked | None:
        """The possible offer worth most; None where doing nothing is worth as much, or nothing is possible."""
        best = max(self.candidates_possible, key=lambda o: o.net_value, default=None)
        return None if best is None or (self.allow_nothing and best.net_value <= 0) else best

    @property
    def tried(self) -> bool:
        """Whether something else than the best was chosen, to learn from it."""
        if self.taken_out is not None:
            return False
        best = self.best_known
        is_best = self.worth >= 0.0 if best is None else self.chosen == best
        return self.arm == "policy" and was_tried(is_best, self.probability)

    @property
    def candidates_possible(self) -> tuple[Ranked, ...]:
        """The offers nothing ruled out."""
        every = (*self.ranked, *((self.about,) if self.about is not None else ()))
        return tuple(o for o in every if o.removed_by is None)

    @property
    def candidates(self) -> tuple[int, int]:
        """How many candidates were looked at, and of how many actions: an action on each of its channels is one."""
        offers = [o for o in (*self.ranked, *self.removed, self.about) if o is not None]
        return len(offers), len({o.action_id for o in offers})

    @property
    def set_against(self) -> Ranked | None:
        """What another action is compared with: what was drawn, or the best known where that was a trial; None: nothing."""
        if self.taken_out is not None:
            return self.taken_out
        return self.best_known if self.tried else self.chosen

    @property
    def of_asked(self) -> tuple[Ranked, ...]:
        """The action asked for on each of its channels, what is possible first, then what is worth more."""
        every = (o for o in (self.about, *self.ranked, *self.removed) if o is not None)
        own = [o for o in every if o.action_id == self.asked]
        return tuple(sorted(own, key=lambda o: (o.removed_by is not None, -o.net_value)))

    @property
    def runner_up(self) -> Ranked | None:
        """What would be done without the chosen action: the best other one, or `nothing` where none is worth more.

        None where nothing is chosen: every action is worth less.
        """
        if self.chosen is None:
            return None
        others = [o for o in self.candidates_possible if o.action_id != self.chosen.action_id]
        best = max(others, key=lambda o: o.net_value, default=None)
        if not self.allow_nothing or (best is not None and best.net_value > 0):
            return best
        return Ranked(NOTHING, NOTHING, None, 0.0, 0.0, self.expected_nothing, None)
