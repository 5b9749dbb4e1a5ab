"""Learners fitted on two thirds of the customers each, so that everybody is scored by one that had not seen them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from nbatool.models.learner_fits import Evidence, fit_learner
from nbatool.models.learners import Asked, Effect
from nbatool.models.logged import Logged
from nbatool.models.outcome import with_candidate
from nbatool.models.table import FloatArray, IntArray

ROWS_AT_ONCE = 4_000
Candidates = Callable[[IntArray], Iterator[FloatArray]]
"""Positions of rows in the log → x of all candidates at each, `nothing` last, in blocks of (n · (k + 1), d) that follow
one another."""


@dataclass(frozen=True)
class CrossFit:
    """A learner fitted once without each group of customers."""

    name: str
    effects: tuple[Effect, ...]
    evidence: Evidence

    def of_done(self, rows: IntArray, baseline: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the score of nothing and the effect of what was done, (n_rows,) each, in currency.

        Rows of the groups are scored by the booster that had not seen them, later rows by the mean of all.
        """
        logged, nothing = self.evidence.logged, self.evidence.design.nothing
        scored = [
            self._scores(
                np.stack(
                    [logged.table.x[rows[at]], with_candidate(logged.table.x[rows[at]], nothing)], axis=1
                ).reshape(-1, logged.table.x.shape[1]),
                rows[at],
                baseline[at],
                2,
            )
            for at in _slices(len(rows))
        ]
        return _joined([s[0] for s in scored]), _joined([s[1][:, 0] for s in scored])

    def of_all(self, x: FloatArray, rows: IntArray, baseline: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the score of nothing (n_rows,) and of every action (n_rows, k) in currency; x as `Candidates` gives."""
        return self._scores(x, rows, baseline, len(self.evidence.logged.codes) + 1)

    def of_each(self, x: FloatArray, baseline: FloatArray, k: int) -> FloatArray:
        """Return the effects by every booster, whomever it had seen, (n_groups, n, k − 1) in currency."""
        code_at, unit = self.evidence.candidate[0], self.evidence.spread.apply(baseline)
        return np.stack(
            [effect.scores(Asked(x, baseline, k, code_at))[1] * unit[:, None] for effect in self.effects]
        )

    def _scores(
        self, x: FloatArray, rows: IntArray, baseline: FloatArray, k: int
    ) -> tuple[FloatArray, FloatArray]:
        part, code_at = self.evidence.part[rows], self.evidence.candidate[0]
        nothing, effect = np.zeros(len(rows)), np.zeros((len(rows), k - 1))
        by_row = x.reshape(len(rows), k, -1)
        for number, each in enumerate(self.effects):
            for own, share in ((part == number, 1.0), (part < 0, 1.0 / len(self.effects))):
                if own.any():
                    found = each.scores(Asked(by_row[own].reshape(-1, x.shape[1]), baseline[own], k, code_at))
                    nothing[own] += share * found[0]
                    effect[own] += share * found[1]
        unit = self.evidence.spread.apply(baseline)
        return nothing * unit, effect * unit[:, None]


def cross_fit(name: str, evidence: Evidence) -> CrossFit:
    """Fit a learner without each group in turn."""
    effects = tuple(fit_learner(name, evidence, number)[0] for number in range(len(evidence.folds)))
    return CrossFit(name, effects, evidence)


def from_log(logged: Logged, n_candidate: int, nothing: FloatArray, pairs: frozenset[str]) -> Candidates:
    """Return candidates as the log itself tells them: each action's own columns, from a row that got it.

    What passed between a customer and an action they did not get is not in the log: those columns are empty.
    """
    table, done, codes = logged.table, logged.arms(), logged.codes
    width = table.x.shape[1] - n_candidate
    first = [table.x[np.flatnonzero(done == k)[0], width:] for k in range(len(codes))]
    own = np.array(first).reshape(len(codes), n_candidate)
    own[:, [table.names[width + j] in pairs for j in range(n_candidate)]] = np.nan
    block = np.vstack([own, nothing])

    def candidates(rows: IntArray) -> Iterator[FloatArray]:
        for part in _slices(len(rows)):
            at = rows[part]
            x = np.repeat(table.x[at][:, None, :], len(block), axis=1)
            x[:, :, width:] = block
            got = np.flatnonzero(done[at] >= 0)
            x[got, done[at][got]] = table.x[at[got]]
            yield x.reshape(-1, table.x.shape[1])

    return candidates


def _slices(n: int) -> list[slice]:
    return [slice(first, first + ROWS_AT_ONCE) for first in range(0, n, ROWS_AT_ONCE)]


def _joined(parts: list[FloatArray]) -> FloatArray:
    return np.concatenate(parts) if parts else np.zeros(0)
