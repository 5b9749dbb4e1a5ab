"""Purchases out of the warehouse, and the whole of CLV training on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbatool.models.clv.holdout import held_out_days, holdout_report
from nbatool.models.clv.model import ClvModel
from nbatool.models.clv.purchases import Floats, Ints, Purchases
from nbatool.models.clv.settings import DAY_S, ClvSettings
from nbatool.models.clv.training import fit_clv
from nbatool.store.sql import statement, template

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNITS = 10_000
"""Amounts are DECIMAL(18,4) in the warehouse and whole ten-thousandths on the way here."""


@dataclass(frozen=True)
class CustomerPurchases:
    """Purchases with the ids of their customers, ascending, and what each bought in the days held out."""

    customer_ids: NDArray[np.object_]
    purchases: Purchases
    later: Ints
    later_spend: Floats


def load_purchase_days(
    con: Any, types: Sequence[str], *, as_of_us: int, zone: str = "UTC", grain_days: int = 1
) -> None:
    """Make the temporary tables `purchase_ledger` and `purchase_days` from the events before `as_of_us`.

    Parameters
    ----------
    con
        DuckDB connection with tables events, customers and
        `zone_offsets(zone VARCHAR, from_ts TIMESTAMP, until_ts TIMESTAMP, offset_s BIGINT)`.
    types
        Event types of the purchase role; refunds are events of these types with a negative value. They are taken
        off the sales of their own day, and what those do not cover off the latest sales before it.
    as_of_us
        Moment, microseconds since 1970 UTC; only events strictly before it are read.
    zone
        Zone of customers whose own is not known.
    grain_days
        Purchases within so many days are one.
    """
    as_of = (EPOCH + timedelta(microseconds=as_of_us)).replace(tzinfo=None)
    parameters = {"types": list(types), "as_of": as_of, "zone": zone, "grain_days": grain_days}
    con.execute(statement("models/purchase_ledger"), parameters).fetchall()
    net_purchases(con)


def net_purchases(con: Any) -> None:
    """Make the temporary table `purchase_days` of the `purchase_ledger`: what was given back is taken off."""
    _net(con, "purchase_days", held_out_days=0)


def _net(con: Any, table: str, *, held_out_days: int) -> None:
    con.execute(template("models/purchase_days", table=table), {"held_out_days": held_out_days}).fetchall()


def read_purchases(con: Any, *, held_out_days: int = 0) -> CustomerPurchases:
    """Read the purchase days as one row per customer, as of `held_out_days` before the last day observed.

    What went back during the days held out was not known before them: it takes nothing off the purchases, only off
    what was bought later. The days held out should be whole periods of the grain.
    """
    known = "purchase_days"
    if held_out_days:
        known = "known_purchase_days"
        _net(con, known, held_out_days=held_out_days)
    query = template("models/purchase_summary", known=known)
    table = con.sql(query, params={"held_out_days": held_out_days}).to_arrow_table()
    columns = {name: table.column(name).to_numpy() for name in table.column_names if name != "customer_id"}
    paid = columns["paid"].astype(np.int64)
    total = columns["paid_spend_units"].astype(np.float64) / UNITS
    first = columns["first_spend_units"].astype(np.float64) / UNITS
    purchases = Purchases(
        customer=np.arange(len(paid), dtype=np.int64),
        x=columns["x"].astype(np.int64),
        t_x_days=columns["t_x_days"].astype(np.int64),
        age_days=columns["age_days"].astype(np.int64),
        paid=paid,
        mean_spend=np.where(paid > 0, total / np.maximum(paid, 1), np.nan),
        first_spend=np.where(first > 0, first, np.nan),
    )
    ids = np.array(table.column("customer_id").to_pylist(), dtype=object)
    later_spend = columns["later_spend_units"].astype(np.float64) / UNITS
    return CustomerPurchases(ids, purchases, columns["later"].astype(np.int64), later_spend)


def train_clv(con: Any, settings: ClvSettings, seed: int) -> tuple[ClvModel, CustomerPurchases]:
    """Fit on the whole of `purchase_days`, and check the same kind of model by holding out its last part.

    Returns
    -------
    ClvModel
        With the check under "holdout" in its card (absent when the history is too short), and a warning when the
        forecast was far off.
    CustomerPurchases
        What it was fitted on, to predict for.
    """
    history = read_purchases(con)
    model = fit_clv(history.purchases, settings, seed)
    span = int(history.purchases.age_days.max(initial=0))
    days = held_out_days(span, settings.horizon_s / DAY_S)
    # whole grains, so that the cut falls between two of them
    days -= days % settings.grain_days
    if not days or model.fallback:
        return model, history
    past = read_purchases(con, held_out_days=days)
    before = fit_clv(past.purchases, replace(settings, model=model.family), seed)
    report = holdout_report(before, past.purchases, past.later, days, past.later_spend)
    if report is None:
        return model, history
    warnings = [*model.card["warnings"], *([report.warning] if report.warning else [])]
    return model.with_card(holdout=report.to_card(), warnings=warnings), history
