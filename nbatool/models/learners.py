"""The learners of what an action changes, behind one face: how each turns its boosters into scores.

| learner | boosters | effect of action a |
|---|---|---|
| S | one over all candidates | f(x, a) − f(x, nothing) |
| T | one per candidate | f_a(x) − f_nothing(x) |
| X | one on imputed effects, one of `nothing` | f(x, a) (Künzel et al. 2019) |
| DR | one on doubly robust effects, one of `nothing` | f(x, a) (Kennedy 2023) |
| constant | none | 0: customers do not differ |

Scores have no unit: they are counted in standard deviations of outcomes like theirs (`spread.Spread`). Loading needs
numpy and LightGBM's C library only; everything is element by element, one row gives the bits a million rows give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np

from nbatool.models.booster import Booster
from nbatool.models.table import FloatArray, IntArray

NOTHING, EFFECT = "nothing", "effect"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a learner is asked about.

    Parameters
    ----------
    x
        float64[n · k, d]: the k candidates of customer 0, the last of them `nothing`, those of customer 1, …
    baseline
        float64[n].
    code_at
        Position of the column that holds the action's code.
    """

    x: FloatArray
    baseline: FloatArray
    k: int
    code_at: int
    threads: int = 1

    @property
    def last(self) -> FloatArray:
        """The rows of `nothing`, (n, d)."""
        return self.x[self.k - 1 :: self.k]

    @property
    def repeated(self) -> FloatArray:
        """The baseline of every row of x."""
        return np.repeat(self.baseline, self.k)


class Effect(Protocol):
    """What an outcome model asks of a learner.

    ``texts`` are LightGBM's, by part; ``columns`` the positions in x each part reads; every part reads the baseline last.
    """

    name: ClassVar[str]

    @property
    def texts(self) -> Mapping[str, str]: ...

    @property
    def columns(self) -> Mapping[str, tuple[int, ...]]: ...

    def scores(self, asked: Asked) -> tuple[FloatArray, FloatArray]:
        """Return the score of `nothing` (n,) and the effect of the other candidates (n, k − 1)."""

    def contributions(self, asked: Asked) -> FloatArray:
        """Return (k, d + 1): what each column of one customer's x, and the baseline, add to each candidate's effect."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """Boosters by part, as they are stored."""

    texts: Mapping[str, str]
    columns: Mapping[str, tuple[int, ...]]
    boosters: Mapping[str, Booster] = field(init=False, repr=False, compare=False)
    _at: Mapping[str, IntArray] = field(init=False, repr=False, compare=False)
    """`columns` as arrays; parts that read the same ones have the same array."""

    def __post_init__(self) -> None:
        found = {columns: np.array(columns, np.int64) for columns in self.columns.values()}
        object.__setattr__(
            self, "boosters", {part: Booster.from_text(text) for part, text in self.texts.items()}
        )
        object.__setattr__(self, "_at", {part: found[columns] for part, columns in self.columns.items()})

    def read(self, part: str, x: FloatArray, baseline: FloatArray) -> FloatArray:
        return with_baseline_column(x, self._at[part], baseline)

    def score(self, part: str, x: FloatArray, baseline: FloatArray, threads: int) -> FloatArray:
        return self.boosters[part].predict_raw(self.read(part, x, baseline), threads)

    def spread_out(self, part: str, x: FloatArray, baseline: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return a part's contributions on all columns of x and the baseline (n, d + 1), and its mean score (n,)."""
        found = self.boosters[part].contributions(self.read(part, x, baseline))
        parts = np.zeros((x.shape[0], x.shape[1] + 1))
        parts[:, [*self.columns[part], x.shape[1]]] = found[:, :-1]
        return parts, found[:, -1]


@dataclass(frozen=True, slots=True)
class SLearner(_Parts):
    """One booster over all candidates: it alone sees what passed between customer and action."""

    name: ClassVar[str] = "S"

    def scores(self, asked: Asked) -> tuple[FloatArray, FloatArray]:
        found = self.score(EFFECT, asked.x, asked.repeated, asked.threads).reshape(-1, asked.k)
        return found[:, -1], found[:, :-1] - found[:, -1:]

    def contributions(self, asked: Asked) -> FloatArray:
        parts, _ = self.spread_out(EFFECT, asked.x, asked.repeated)
        return np.asarray(parts - parts[-1])


@dataclass(frozen=True, slots=True)
class TLearner(_Parts):
    """One booster per candidate; an action without its own (too few contacts) has the effect 0, its offset is its all."""

    name: ClassVar[str] = "T"

    def scores(self, asked: Asked) -> tuple[FloatArray, FloatArray]:
        last, baseline = asked.last, asked.baseline
        read = self.read(NOTHING, last, baseline)
        nothing = self.boosters[NOTHING].predict_raw(read, asked.threads)
        effect = np.zeros((len(last), asked.k - 1))
        code = asked.x[:, asked.code_at].reshape(-1, asked.k)[:, :-1]
        for part, booster in self.boosters.items():
            if part == NOTHING:
                continue
            mine = code == own_code(part)
            rows = np.flatnonzero(mine.any(axis=1))
            if not len(rows):
                continue
            # Once a customer, on however many channels the action goes out.
            if self._at[part] is self._at[NOTHING]:
                own = booster.predict_raw(read if len(rows) == len(read) else read[rows], asked.threads)
            else:
                own = self.score(part, last[rows], baseline[rows], asked.threads)
            gain = np.zeros(len(last))
            gain[rows] = own - nothing[rows]
            np.copyto(effect, gain[:, None], where=mine)
        return nothing, effect

    def contributions(self, asked: Asked) -> FloatArray:
        x = asked.x
        parts = np.zeros((x.shape[0], x.shape[1] + 1))
        of_nothing, mean_nothing = self.spread_out(NOTHING, asked.last, asked.baseline)
        for j, code in enumerate(x[:-1, asked.code_at]):
            part = "" if np.isnan(code) else own_part(int(code))
            if part in self.boosters:
                own, mean = self.spread_out(part, asked.last, asked.baseline)
                parts[j] = own[0] - of_nothing[0]
                parts[j, asked.code_at] += mean[0] - mean_nothing[0]
        return parts


@dataclass(frozen=True, slots=True)
class XLearner(_Parts):
    """One booster of the effect itself, on what each contact brought beyond what was expected without it."""

    name: ClassVar[str] = "X"

    def scores(self, asked: Asked) -> tuple[FloatArray, FloatArray]:
        nothing = self.score(NOTHING, asked.last, asked.baseline, asked.threads)
        effect = self.score(EFFECT, asked.x, asked.repeated, asked.threads).reshape(-1, asked.k)
        return nothing, effect[:, :-1]

    def contributions(self, asked: Asked) -> FloatArray:
        parts, mean = self.spread_out(EFFECT, asked.x, asked.repeated)
        parts[:, asked.code_at] += mean
        parts[-1] = 0.0
        return parts


@dataclass(frozen=True, slots=True)
class DRLearner(XLearner):
    """One booster of the effect itself, on doubly robust effects."""

    name: ClassVar[str] = "DR"


@dataclass(frozen=True, slots=True)
class NoLearner(_Parts):
    """Customers do not differ, or not enough to be found: every action has one uplift for all, its offset."""

    name: ClassVar[str] = "constant"

    def scores(self, asked: Asked) -> tuple[FloatArray, FloatArray]:
        n = len(asked.baseline)
        return np.zeros(n), np.zeros((n, asked.k - 1))

    def contributions(self, asked: Asked) -> FloatArray:
        return np.zeros((asked.x.shape[0], asked.x.shape[1] + 1))


LEARNERS: Mapping[str, type[_Parts]] = {
    each.name: each for each in (SLearner, TLearner, XLearner, DRLearner, NoLearner)
}


def learner_of(name: str, texts: Mapping[str, str], columns: Mapping[str, tuple[int, ...]]) -> Effect:
    """Return the learner of that name over its boosters."""
    made: Effect = LEARNERS[name](texts, columns)  # type: ignore[assignment]  # each of them keeps the protocol
    return made


def own_part(code: int) -> str:
    """Return the name of the part of one action.

    >>> own_part(3), own_code("effect-3")
    ('effect-3', 3)
    """
    return f"{EFFECT}-{code}"


def own_code(part: str) -> int:
    """Return the action's code of such a part."""
    return int(part.rpartition("-")[2])


def with_baseline_column(
    x: FloatArray, columns: Sequence[int] | IntArray, baseline: FloatArray
) -> FloatArray:
    """Return some columns of x with the rows' baseline (n,) as the last, C order."""
    read = np.empty((x.shape[0], len(columns) + 1))
    read[:, :-1] = x[:, np.asarray(columns, np.int64)]
    read[:, -1] = baseline
    return read
