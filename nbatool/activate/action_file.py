"""The action file: what to do for whom, best first; and the scores file, one row per customer."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from nbatool.base.clock import format_time, now_us
from nbatool.base.records import NOTHING
from nbatool.decide.arms import ARMS
from nbatool.decide.batch import ScoredChunk
from nbatool.decide.how_chosen import How, how_chosen
from nbatool.decide.policy import Policy
from nbatool.decide.ranking import ranked_offers
from nbatool.decide.reasons import Reasons
from nbatool.store.reviews import Review

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

OWN_COLUMNS = (*ACTION_COLUMNS[:13], "decision_id")
"""Of a row; the others are the same for all of a night."""


@dataclass
class ActionRows:
    """Collects the rows of both files, chunk by chunk.

    Parameters
    ----------
    top
        Rows per customer: the decision and, above 1, other actions worth more than nothing.
    include_nothing
        Also a row for those nothing is best for.
    approved
        Decisions of earlier nights that a person let go out, each with when.
    spoken_of
        Decisions of this very moment that a person let go out: their row is among ``approved``, or waits for a night on
        which it may go.
    waiting
        What chunks left for a person to look at.
    contacted
        Customers with a contact of this night, but for those with an approved one.
    """

    policy: Policy
    customer_ids: Sequence[str]
    as_of_us: int
    currency: str
    model_version: str
    top: int = 1
    include_nothing: bool = False
    approved: Sequence[tuple[Review, int]] = ()
    spoken_of: Container[str] = frozenset()
    waiting: list[Review] = field(default_factory=list)
    contacted: int = 0
    _frames: list[pl.DataFrame] = field(default_factory=list)
    _scores: list[dict[str, Any]] = field(default_factory=list)

    def add(self, chunk: ScoredChunk) -> None:
        reasons = Reasons(self.policy)
        decision, waits, goes = chunk.decision, chunk.waits.tolist(), self._goes
        rows: list[tuple[Any, ...]] = []
        for row, chosen in enumerate(decision.chosen.tolist()):
            self.contacted += (
                chosen >= 0 and not waits[row] and self.customer_ids[chunk.first + row] not in goes
            )
            if chunk.subjects.decision_ids[row] in self.spoken_of:
                continue
            if chosen < 0:
                if self.include_nothing:
                    rows.append(self._nothing(reasons, chunk, row))
                continue
            if waits[row]:
                self.waiting.append(self._review(reasons, chunk, row, waits[row] - 1))
                continue
            for rank, j in enumerate(ranked_offers(self.policy, decision, row, chosen, self.top), start=1):
                rows.append(self._row(reasons, chunk, row, j, rank))
        self._frames.append(_action_frame(rows))
        self._scores.append(self._scores_of(chunk))

    @cached_property
    def _goes(self) -> frozenset[str]:
        """Customers whose approved decisions go out."""
        return frozenset(review.customer_id for review, _ in self.approved)

    @property
    def customers(self) -> int:
        """How many customers have a contact in the file; who has an approved one beside tonight's is one."""
        return self.contacted + len(self._goes)

    def _row(self, reasons: Reasons, chunk: ScoredChunk, row: int, j: int, rank: int) -> tuple[Any, ...]:
        """An offer as a row; only the first is decided, the others are alternatives."""
        decision, offer = chunk.decision, self.policy.catalogue.offers[j]
        return (
            self.customer_ids[chunk.first + row], rank, offer.action.id, offer.action.name, offer.channel,
            self._send_at(chunk, row, j), float(decision.net_value[row, j]), self.policy.known_uplift(decision, row, j),
            float(decision.expected[row, j]), float(decision.probability[row, j]) if rank == 1 else None,
            ARMS[decision.arm[row]], self._said(reasons, chunk, row, j) if rank == 1 else "",
            chunk.review is not None and bool(chunk.review[row, j]), chunk.subjects.decision_ids[row],
        )  # fmt: skip

    def _review(self, reasons: Reasons, chunk: ScoredChunk, row: int, rule: int) -> Review:
        """A decision that waits, with the row it would be."""
        j = int(chunk.decision.chosen[row])
        said = dict(zip(OWN_COLUMNS, self._row(reasons, chunk, row, j, 1), strict=True))
        of_night = {
            "currency": self.currency,
            "as_of": format_time(self.as_of_us),
            "model_version": self.model_version,
        }
        return Review(
            said["decision_id"], said["customer_id"], 1, said["action_id"], said["channel"], self.as_of_us, now_us(),
            said["net_value"], self.policy.guardrails.review[rule].reason, said | of_night,
        )  # fmt: skip

    def _send_at(self, chunk: ScoredChunk, row: int, j: int) -> str | None:
        """When it may go out; None: at once."""
        at_us = int(chunk.send_at_us[row, j])
        return None if at_us == self.as_of_us else format_time(at_us)

    def _said(self, reasons: Reasons, chunk: ScoredChunk, row: int, j: int) -> str:
        """Reasons in one cell; it begins with a word, because a leading + is a formula to a spreadsheet."""
        how = self._how(chunk, row, j)
        words = reasons.of_offer(chunk.customers, chunk.decision, row, j, how, chunk.told)
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
        of_night = {
            "currency": self.currency,
            "as_of": format_time(self.as_of_us),
            "model_version": self.model_version,
        }
        frame = frame.with_columns(pl.lit(value).alias(name) for name, value in of_night.items())
        if self.approved:
            frame = pl.concat([frame, _approved_frame(self.approved, self.as_of_us, frame.schema)])
        best = pl.col("net_value").filter(pl.col("rank") == 1).first().over("customer_id")
        frame = frame.with_columns(best.alias("_best")).sort(
            ["_best", "customer_id", "rank"], descending=[True, False, False]
        )
        return _rounded(frame).select(ACTION_COLUMNS)

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

    names = OWN_COLUMNS
    types: dict[str, Any] = dict.fromkeys(names, pl.String)
    types |= {"rank": pl.Int64, "needs_review": pl.Boolean}
    types |= dict.fromkeys(("net_value", "uplift", "expected_outcome", "selection_probability"), pl.Float64)
    return pl.DataFrame(rows, schema={name: types[name] for name in names}, orient="row")


def _approved_frame(
    approved: Sequence[tuple[Review, int]], as_of_us: int, schema: Mapping[str, Any]
) -> pl.DataFrame:
    """What a person let go out, as it was decided; a person has looked at it, so it needs no review."""
    import polars as pl

    rows = [
        {**review.row, "needs_review": False, "send_at": None if at_us == as_of_us else format_time(at_us)}
        for review, at_us in approved
    ]
    return pl.DataFrame(rows, schema=schema)


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
