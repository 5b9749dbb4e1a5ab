"""The action file: what to do for whom, best first; and the scores file, one row per customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from nbatool.base.clock import format_time
from nbatool.base.records import NOTHING
from nbatool.decide.arms import ARMS
from nbatool.decide.batch import ScoredChunk
from nbatool.decide.how_chosen import How, how_chosen
from nbatool.decide.policy import Policy
from nbatool.decide.ranking import ranked_offers
from nbatool.decide.reasons import Reasons

if TYPE_CHECKING:
    import polars as pl

MONEY_DECIMALS = 4
TEXT_DIGITS = 6
"""Significant digits of chances and the like where people read them; the decision log and Parquet keep all."""
MONEY = ("net_value", "uplift", "expected_outcome", "clv")
ACTION_COLUMNS = (
    "customer_id", "rank", "action_id", "action_name", "channel", "send_at", "net_value", "uplift",
    "expected_outcome", "selection_probability", "arm", "reasons", "needs_review", "currency", "decision_id",
    "as_of", "model_version",
)  # fmt: skip


@dataclass
class ActionRows:
    """Collects the rows of both files, chunk by chunk.

    Parameters
    ----------
    top
        Rows per customer: the decision and, above 1, other actions worth more than nothing.
    include_nothing
        Also a row for those nothing is best for.
    """

    policy: Policy
    customer_ids: Sequence[str]
    as_of_us: int
    currency: str
    model_version: str
    top: int = 1
    include_nothing: bool = False
    _frames: list[pl.DataFrame] = field(default_factory=list)
    _scores: list[dict[str, Any]] = field(default_factory=list)

    def add(self, chunk: ScoredChunk) -> None:
        reasons = Reasons(self.policy)
        offers = self.policy.catalogue.offers
        decision = chunk.decision
        rows: list[tuple[Any, ...]] = []
        for row in range(chunk.last - chunk.first):
            chosen = int(decision.chosen[row])
            customer_id = self.customer_ids[chunk.first + row]
            if chosen < 0:
                if self.include_nothing:
                    rows.append(self._nothing(reasons, chunk, row))
                continue
            for rank, j in enumerate(ranked_offers(self.policy, decision, row, chosen, self.top), start=1):
                said = self._said(reasons, chunk, row, j) if rank == 1 else ""
                rows.append((
                    customer_id, rank, offers[j].action.id, offers[j].action.name, offers[j].channel,
                    self._send_at(chunk, row, j), float(decision.net_value[row, j]), self.policy.known_uplift(decision, row, j),
                    float(decision.expected[row, j]),
                    float(decision.probability[row, j]) if rank == 1 else None, ARMS[decision.arm[row]], said, False,
                    chunk.subjects.decision_ids[row],
                ))  # fmt: skip
        self._frames.append(_action_frame(rows))
        self._scores.append(self._scores_of(chunk))

    def _send_at(self, chunk: ScoredChunk, row: int, j: int) -> str | None:
        """When it may go out; None: at once."""
        at_us = int(chunk.send_at_us[row, j])
        return None if at_us == self.as_of_us else format_time(at_us)

    def _said(self, reasons: Reasons, chunk: ScoredChunk, row: int, j: int) -> str:
        """Reasons in one cell; it begins with a word, because a leading + is a formula to a spreadsheet."""
        how = self._how(chunk, row, j)
        words = reasons.of_offer(chunk.customers, chunk.decision, row, j, how)
        return ("" if how else "because ") + "; ".join(words)

    def _how(self, chunk: ScoredChunk, row: int, j: int) -> How | None:
        chance = float(chunk.decision.probability_in_arm[row, j])
        return how_chosen(self.policy, chunk.decision, row, j, chance)

    def _nothing(self, reasons: Reasons, chunk: ScoredChunk, row: int) -> tuple[Any, ...]:
        decision = chunk.decision
        how = self._how(chunk, row, decision.net_value.shape[1])
        return (
            self.customer_ids[chunk.first + row], 1, NOTHING, NOTHING, None, None, 0.0, 0.0,
            float(decision.nothing[row]), float(decision.probability[row, -1]), ARMS[decision.arm[row]],
            "; ".join(reasons.of_nothing(decision, row, how)), False, chunk.subjects.decision_ids[row],
        )  # fmt: skip

    def _scores_of(self, chunk: ScoredChunk) -> dict[str, Any]:
        offers = self.policy.catalogue.offers
        chosen = chunk.decision.chosen
        ids = np.array([*(o.action.id for o in offers), NOTHING], dtype=object)
        net = np.zeros(len(chosen))
        some = chosen >= 0
        net[some] = chunk.decision.net_value[some, chosen[some]]
        return {**chunk.scores, "action_id": ids[chosen], "net_value": net}

    def actions(self) -> pl.DataFrame:
        """The action file: best net value first, then customer, then rank."""
        import polars as pl

        frame = pl.concat(self._frames) if self._frames else _action_frame([])
        best = pl.col("net_value").filter(pl.col("rank") == 1).first().over("customer_id")
        frame = frame.with_columns(best.alias("_best")).sort(
            ["_best", "customer_id", "rank"], descending=[True, False, False]
        )
        return (
            _rounded(frame)
            .with_columns(
                pl.lit(self.currency).alias("currency"),
                pl.lit(format_time(self.as_of_us)).alias("as_of"),
                pl.lit(self.model_version).alias("model_version"),
            )
            .select(ACTION_COLUMNS)
        )

    def scores(self) -> pl.DataFrame:
        """The scores file, in the order of customer ids."""
        import polars as pl

        columns: dict[str, Any] = {
            "customer_id": list(self.customer_ids),
            "as_of": [format_time(self.as_of_us)] * len(self.customer_ids),
        }
        for name in self._scores[0] if self._scores else ():
            values = np.concatenate([part[name] for part in self._scores])
            columns[name] = values.tolist() if values.dtype == object else values
        frame = pl.DataFrame(columns, strict=False)
        return _rounded(frame.with_columns(pl.col(pl.Float64).fill_nan(None)))


def _action_frame(rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    """Rows as a frame; columns are far smaller than tuples, and a night has a million."""
    import polars as pl

    names = (*ACTION_COLUMNS[:13], "decision_id")
    types: dict[str, Any] = dict.fromkeys(names, pl.String)
    types |= {"rank": pl.Int64, "needs_review": pl.Boolean}
    types |= dict.fromkeys(("net_value", "uplift", "expected_outcome", "selection_probability"), pl.Float64)
    return pl.DataFrame(rows, schema={name: types[name] for name in names}, orient="row")


def _rounded(frame: pl.DataFrame) -> pl.DataFrame:
    """Money has four decimals in every file; -0.0 becomes 0.0."""
    import polars as pl

    money = [n for n in MONEY if n in frame.columns]
    return frame.with_columns((pl.col(name).round(MONEY_DECIMALS) + 0.0).alias(name) for name in money)


def for_reading(frame: pl.DataFrame) -> pl.DataFrame:
    """Shorten every number that is no money to a few significant digits: chances, propensities, purchases."""
    import polars as pl

    floats = [name for name, kind in frame.schema.items() if kind == pl.Float64 and name not in MONEY]
    return frame.with_columns(pl.col(name).round_sig_figs(TEXT_DIGITS) for name in floats)
