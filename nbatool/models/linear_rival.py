"""What the fast learner alone would tell of customers' differences: a rival of the learners that are trained.

Where a workspace learns from its own decisions, the fast learner replays them all at every publication. A version that
tells no customers apart then leaves the differences to it, and often that is best: while outcomes are few or noisy, a
linear model that knows how little it knows beats trees. The rival is fitted on the rows the learners are fitted on, by
the replay itself, and judged on the same later rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nbatool.models.context_encoder import ContextEncoder
from nbatool.models.context_evidence import MOST_CATEGORIES, evidence_of, useful
from nbatool.models.logged import Logged
from nbatool.models.posterior import Posterior
from nbatool.models.posterior_prior import coordinates_among, default_variance
from nbatool.models.replay import Sums, believed
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
    durations
        Columns that are days since something.
    """

    chosen: IntArray
    relation: FloatArray
    usual: IntArray
    durations: frozenset[str] = frozenset()

    @property
    def m(self) -> int:
        return len(self.relation)

    def take(self, rows: IntArray) -> FastArms:
        """Return the same of other past decisions."""
        return replace(self, chosen=self.chosen[rows])


def differences(
    logged: Logged, arms: FastArms, n_columns: int, left: FloatArray, learned: IntArray, asked: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Return what the fast learner adds at rows of the log: to nothing (n_asked,), to every uplift (n_asked, k).

    Parameters
    ----------
    n_columns
        Columns of customer and context, the first of the log's.
    left
        float64[n_learned]: what one uplift for all left over of the outcomes of ``learned``, in currency.
    learned, asked
        Positions of the rows that teach, and of those that are asked about.
    """
    arm = arms.chosen[learned]
    numbers, texts = _columns(logged.table, n_columns, learned)
    evidence = evidence_of(
        numbers,
        texts,
        arm,
        left,
        logged.chances()[learned],
        most_categories=MOST_CATEGORIES,
        durations=arms.durations,
    )
    chosen = useful(evidence, {}, coordinates_among(arms.m))
    encoder = ContextEncoder.fit(
        {name: numbers[name] for name in chosen if name in numbers},
        {name: texts[name] for name in chosen if name in texts},
        most_categories=MOST_CATEGORIES,
        durations=arms.durations,
    )
    start = Posterior.start(
        [(str(k), None) for k in range(arms.m)], arms.relation, default_variance(encoder.d, trained=False),
        noise=max(float(left.var()), FEWEST_LEFT),
    )  # fmt: skip
    sums = Sums.of(encoder.encode(numbers, texts), arm, left, logged.recencies()[learned], arms.m)
    found = believed(start, sums).mean(encoder.encode(*_columns(logged.table, n_columns, asked)))
    return found[:, -1], found[:, arms.usual] - found[:, -1:]


def _columns(
    table: Table, n_columns: int, rows: IntArray
) -> tuple[dict[str, FloatArray], dict[str, Sequence[str | None]]]:
    """Customer columns of some rows: numbers, and categories by the words of their codes."""
    numbers: dict[str, FloatArray] = {}
    texts: dict[str, Sequence[str | None]] = {}
    for j, name in enumerate(table.names[:n_columns]):
        values = np.ascontiguousarray(table.x[rows, j])
        if name in table.categorical:
            texts[name] = [None if np.isnan(code) else str(int(code)) for code in values]
        else:
            numbers[name] = values
    return numbers, texts
