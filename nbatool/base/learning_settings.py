"""``[exploration]``, ``[experiment]``, ``[evaluate]``, ``[promotion]``: how to try, to learn, to judge and to switch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from nbatool.base.setting_types import Duration, Flag, Label, Number, Table, Texts, Whole

Share = Annotated[Number, Field(ge=0, le=1)]


class Exploration(Table):
    """``[exploration]``: how less certain candidates are tried, with known probability; without it nothing is."""

    method: Literal["inverse_gap", "thompson", "optimistic", "epsilon", "greedy"] = "inverse_gap"
    share: Share = 0.10
    """Most probability mass off the best candidate."""
    min_probability: Share = 0.002
    """Least probability of every candidate explored."""
    max_loss: Annotated[Number, Field(ge=0)] = 1.0
    """A candidate worth less than minus this, in currency, is never explored."""
    draws: Annotated[Whole, Field(ge=10, le=100_000)] = 256
    """Draws from which thompson and optimistic count their probabilities: a share p to within √(p(1 − p)/draws)."""
    apprentice: Flag = False
    """True: answer with the caller's own choice, and only learn."""

    def problems(self) -> Iterator[tuple[tuple[str, ...], str]]:
        if self.min_probability > self.share and self.method != "greedy":
            yield (
                ("min_probability",),
                (
                    f"min_probability {self.min_probability:g} is more than share {self.share:g}: not even two candidates "
                    "could have it. Lower it, or raise share"
                ),
            )


class Experiment(Table):
    """``[experiment]``: who is kept apart to measure what the policy earns."""

    name: Label = "experiment"
    """Salts who is in which arm; another name draws anew."""
    control: Share = 0.0
    """Share of customers never contacted."""
    component_arms: Share = 0.0
    """Share split equally over random, model only and rules only."""

    def problems(self) -> Iterator[tuple[tuple[str, ...], str]]:
        if self.control + self.component_arms > 1:
            total = self.control + self.component_arms
            yield ("component_arms",), f"control and component_arms are {total:g} together; at most 1"


class Evaluate(Table):
    """``[evaluate]``: how a policy is judged on the log, and below what `--gate` fails."""

    confidence: Annotated[Number, Field(gt=0.5, lt=1)] = 0.95
    resamples: Annotated[Whole, Field(ge=100, le=100_000)] = 1000
    """Of customers, for the bootstrap."""
    clip: Annotated[Number, Field(ge=1)] = 100.0
    """Largest weight of a decision."""
    switch: Annotated[Number, Field(ge=1)] = 20.0
    """Weight above which switch-DR trusts the model alone."""
    min_effective: Annotated[Number, Field(ge=1)] = 100.0
    """Fewest effective decisions an estimate is printed for."""
    min_gain: dict[str, Number] = Field(default_factory=dict)
    """Baseline (logged, nothing, random, best_single, greedy, rules) → least lower bound of the gain over it, in
    currency per decision."""
    segments: Texts = ()
    """Customer attributes and scores to report by."""
    rules: Path | None = None
    """A file of hand-written rules to compare with."""

    def problems(self) -> Iterator[tuple[tuple[str, ...], str]]:
        known = ("logged", "nothing", "random", "best_single", "greedy", "rules", "champion")
        for name in self.min_gain:
            if name not in known:
                yield ("min_gain", name), f'"{name}" is no baseline; known are {", ".join(known)}'
        if "rules" in self.min_gain and self.rules is None:
            yield ("min_gain", "rules"), 'there are no rules to compare with: add rules = "rules.toml"'


class Promotion(Table):
    """``[promotion]``: when a newly trained version takes the champion's place."""

    automatic: Flag = True
    """False: only `nbatool models promote` switches."""
    confidence: Annotated[Number, Field(gt=0.5, lt=1)] = 0.95
    max_regression: Annotated[Number, Field(ge=0)] = 0.02
    """The lower bound of the challenger's gain may be so far below 0, as a share of the champion's value."""
    min_decisions: Annotated[Whole, Field(ge=1)] = 500
    """Fewer judged decisions are no evidence: the challenger waits for more."""


class Learning(Table):
    """``[learning]``: how outcomes are waited for and how fast the past is forgotten."""

    wait: Duration = "1h"  # type: ignore[assignment]  # validated: the text becomes seconds
    """Time after a window's end until it is closed with what arrived."""
    default_outcome: Number = 0.0
    """Outcome of a decision for which none arrived, in currency."""
    half_life: Duration = "90d"  # type: ignore[assignment]  # validated: the text becomes seconds
    """Age at which an outcome counts half."""
    context: Texts = ()
    """Features, attributes and ``context.*`` names the fast learner sees; none: the models' most useful ones."""
