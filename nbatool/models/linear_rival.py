"""What the fast learner alone would tell of customers' differences: a rival of the learners that are trained.

Where a workspace learns from its own decisions, the fast learner replays them all at every publication. A version that
tells no customers apart then leaves the differences to it, and often that is best: while outcomes are few or noisy, a
linear model that knows how little it knows beats trees. The rival is fitted on the rows the learners are fitted on, by
the replay itself, and judged on the same later rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nbatool.models.context_encoder import ContextEncoder
from nbatool.models.context_evidence import MOST_CATEGORIES, MOST_DECISIONS, evidence_of, useful
from nbatool.models.logged import Logged
from nbatool.models.posterior import Posterior
from nbatool.models.posterior_prior import coordinates_among, default_variance
from nbatool.models.recency_weights import age_weights
from nbatool.models.replay import MOST_REPLAYED, Sums, believed
from nbatool.models.table import FloatArray, IntArray, Table

LINEAR = "linear"
"""Its name among the learners."""
FEWEST_LEFT = 1e-12


@dataclass(frozen=True)
class FastArms:
    """Candidates as the fast learner has them: actions on their channels, `nothing` last.

    Parameters
    ----------
    chosen
        int64[n]: the arm of each past decision.
    relation
        float64[m, m], as `arm_similarity.relation`.
    usual
        int64[k]: the arm that stands for each action contacted, by ascending code.
    columns
        What the fast learner may see of customer and request.
    durations
        Columns that are days since something.
    half_life_s
        Age at which an outcome counts half for the fast learner in force; infinite: nothing is forgotten.
    are_replayed
        Whether (nearly) all of them are the workspace's own, which the fast learner replays at every publication.
    """

    chosen: IntArray
    relation: FloatArray
    usual: IntArray
    columns: frozenset[str]
    durations: frozenset[str] = frozenset()
    half_life_s: float = math.inf
    are_replayed: bool = True

    @property
    def m(self) -> int:
        return len(self.relation)

    def take(self, rows: IntArray) -> FastArms:
        """Return the same of other past decisions."""
        return replace(self, chosen=self.chosen[rows])


@dataclass(frozen=True)
class Rival:
    """The fast learner after some rows of a log, on the columns it chose among them."""

    logged: Logged
    arms: FastArms
    columns: list[str]
    encoder: ContextEncoder
    belief: Posterior
    size: FloatArray
    """float64[d]: mean square of each coordinate."""

    @classmethod
    def of(cls, logged: Logged, arms: FastArms, left: FloatArray, learned: IntArray) -> Rival:
        """Learn from rows of the log.

        Parameters
        ----------
        left
            float64[n_learned]: what one uplift for all left over of the outcomes of ``learned``, in currency.
        learned
            Positions of the rows that teach.
        """
        newest = _newest(logged.table, learned, MOST_REPLAYED)
        learned, left = learned[newest], left[newest]
        columns = _chosen(logged, arms, learned, left)
        numbers, texts = _columns(logged.table, columns, learned)
        encoder = ContextEncoder.fit(
            numbers, texts, most_categories=MOST_CATEGORIES, durations=arms.durations
        )
        start = Posterior.start(
            [(str(k), None) for k in range(arms.m)], arms.relation, default_variance(encoder.d, trained=False),
            noise=max(float(left.var()), FEWEST_LEFT),
        )  # fmt: skip
        # It forgets as the replay does, not as the models it competes with.
        as_of_us = logged.table.as_of_us[learned]
        weight = age_weights(as_of_us, int(as_of_us.max()), arms.half_life_s)
        sums = Sums.of(encoder.encode(numbers, texts), arms.chosen[learned], left, weight, arms.m)
        size = sums.gram.diagonal(axis1=1, axis2=2).sum(axis=0) / sums.count
        return cls(logged, arms, columns, encoder, believed(start, sums), size)

    def differences(self, asked: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return what it adds at rows of the log: to nothing (n_asked,), to every uplift (n_asked, k)."""
        found = self.belief.mean(self.encoder.encode(*_columns(self.logged.table, self.columns, asked)))
        return found[:, -1], found[:, self.arms.usual] - found[:, -1:]

    def sizes(self) -> tuple[float, float]:
        """Return how much arms may still differ: the expected square of an arm's constant, and of what all its slopes
        make of a customer together, over the noise variance. Where rows are many and show nothing, both are small.
        """
        belief = self.belief
        squares = belief.weights**2 / belief.noise
        for members, covariance in zip(belief.groups, belief.covariance, strict=True):
            squares[members] += covariance.diagonal().reshape(len(members), belief.d)
        mean = squares.mean(axis=0) * self.size
        return float(mean[0]), float(mean[1:].sum())


def _newest(table: Table, rows: IntArray, most: int) -> IntArray:
    """Places among some rows of the newest, ascending."""
    return np.sort(np.argsort(table.as_of_us[rows], kind="stable")[-most:])


def _chosen(logged: Logged, arms: FastArms, learned: IntArray, left: FloatArray) -> list[str]:
    newest = _newest(logged.table, learned, MOST_DECISIONS)
    rows = learned[newest]
    numbers, texts = _columns(logged.table, sorted(arms.columns), rows)
    evidence = evidence_of(
        numbers, texts, arms.chosen[rows], left[newest], logged.chances()[rows],
        most_categories=MOST_CATEGORIES, durations=arms.durations,
    )  # fmt: skip
    return useful(evidence, {}, coordinates_among(arms.m))


def _columns(
    table: Table, names: Sequence[str], rows: IntArray
) -> tuple[dict[str, FloatArray], dict[str, Sequence[str | None]]]:
    """Columns of some rows: numbers, and categories by the words of their codes."""
    numbers: dict[str, FloatArray] = {}
    texts: dict[str, Sequence[str | None]] = {}
    for name in names:
        values = np.ascontiguousarray(table.x[rows, table.names.index(name)])
        if name in table.categorical:
            texts[name] = [None if np.isnan(code) else str(int(code)) for code in values]
        else:
            numbers[name] = values
    return numbers, texts
