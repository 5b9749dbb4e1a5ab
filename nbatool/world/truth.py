"""The truth: what each action would really add to each customer's spend, in closed form.

Spend is the value of purchases (refunds apart) in the days from now on, in expectation given the customer's
latent state now, if this one contact goes out, or none, and nothing else until the end of the window.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nbatool.base.errors import DataError
from nbatool.base.records import NOTHING
from nbatool.world.actions import ACTIONS, COSTS, EFFECT_DAYS, effects, extra_value
from nbatool.world.behaviour import DISCOUNT
from nbatool.world.latent import CATEGORY_PRICE, Customers, Floats, State
from nbatool.world.orders import INTENT_DAYS, INTENT_PER_PURCHASE, PURCHASES_PER_INTENT
from nbatool.world.season import season

HORIZON_DAYS = 30


@dataclass(frozen=True)
class Truth:
    """`uplift` before cost, shape (n_customers, n_actions), in currency; `customer_ids` ascending."""

    customer_ids: tuple[str, ...]
    action_ids: tuple[str, ...]
    uplift: Floats
    costs: Floats

    @property
    def net(self) -> Floats:
        """Uplift less cost, shape (n_customers, n_actions)."""
        return self.uplift - self.costs


@dataclass(frozen=True, slots=True)
class PlanValue:
    """True net values in all, in currency; doing nothing is worth 0.

    `regret` is what the plan leaves on the table, `share` the plan's part of the best possible.
    """

    customers: int
    contacts: int
    plan: float
    best_possible: float
    best_single: float
    best_single_action: str
    nothing: float = 0.0

    @property
    def regret(self) -> float:
        return self.best_possible - self.plan

    @property
    def share(self) -> float:
        return self.plan / self.best_possible if self.best_possible else 0.0


def usual_spend(customers: Customers, state: State, start: int, until: Floats | float) -> Floats:
    """Return expected spend in [start, start + until) if no contact works, `until` <= 30 days per customer.

    Usual orders are summed over days (the season is constant within one, survival is not); intent visits, old and
    new, are integrals of products of exponentials: visit at s, order at t, death by t.
    """
    until = np.broadcast_to(np.asarray(until, float), (len(customers),))
    death = customers.death_rate
    priced = customers.taste * CATEGORY_PRICE
    by_day = priced @ season(start, HORIZON_DAYS)
    day = np.arange(HORIZON_DAYS)
    ends = np.clip(until[:, None], day, day + 1)
    there = (np.exp(-death[:, None] * day) - np.exp(-death[:, None] * ends)) / death[:, None]
    usual = customers.buy_rate * (by_day * there).sum(axis=1)
    decay = 1.0 / INTENT_DAYS + death
    faded = 1.0 - np.exp(-decay * until)
    old = state.intent * faded / decay
    gone = (1.0 - np.exp(-death * until)) / death
    late = INTENT_DAYS * (np.exp(-death * until) - np.exp(-decay * until))
    visits_per_day = customers.buy_rate * INTENT_PER_PURCHASE
    new = visits_per_day * PURCHASES_PER_INTENT / INTENT_DAYS / decay * (gone - late)
    spend: Floats = np.where(
        state.alive, customers.order_value * (usual + (old + new) * priced.sum(axis=1)), 0.0
    )
    return spend


def spend_with_effect(
    customers: Customers, state: State, start: int, *, until: Floats, kept: Floats, extra_per_day: Floats
) -> Floats:
    """Return expected 30-day spend if until day `until` a share `kept` of usual spend stays and extra spend comes."""
    until = np.clip(until - start, 0.0, HORIZON_DAYS)
    whole = usual_spend(customers, state, start, HORIZON_DAYS)
    inside = usual_spend(customers, state, start, until)
    there = (1.0 - np.exp(-customers.death_rate * until)) / customers.death_rate
    return whole - (1.0 - kept) * inside + np.where(state.alive, extra_per_day * there, 0.0)


def true_uplift(customers: Customers, state: State, start: int) -> Floats:
    """Return expected 30-day spend with each action less that with nothing, shape (n_customers, n_actions)."""
    value = extra_value(customers)
    row = np.arange(len(customers))
    running = spend_with_effect(
        customers,
        state,
        start,
        until=state.effect_until,
        kept=(1.0 - state.lost) * (1.0 - state.discount),
        extra_per_day=state.extra_rate * value[row, state.action] * (1.0 - state.discount),
    )
    would = effects(customers, state, float(start))
    off = would.take * DISCOUNT
    read = customers.open_p[:, None]
    uplift = np.empty_like(would.extra)
    for a in range(len(ACTIONS)):
        uplift[:, a] = (
            spend_with_effect(
                customers,
                state,
                start,
                until=np.full(len(customers), start + EFFECT_DAYS),
                kept=((1.0 - would.lost) * (1.0 - read * off))[:, a],
                extra_per_day=(read * would.extra / EFFECT_DAYS * value * (1.0 - off))[:, a],
            )
            - running
        )
    return uplift


def load_truth(path: Path | str, costs: Mapping[str, float] | None = None) -> Truth:
    """Read truth.parquet; costs per contact default to those of the catalogue."""
    import polars as pl

    rows = pl.read_parquet(path).sort("customer_id", "action_id")
    actions = tuple(rows["action_id"].unique().sort().to_list())
    customers = tuple(rows["customer_id"].unique().sort().to_list())
    if len(rows) != len(actions) * len(customers):
        raise DataError(f"{path}: expected one row for each customer and action, {len(rows)} rows found")
    uplift = rows["true_uplift"].cast(pl.Float64).to_numpy().reshape(len(customers), len(actions))
    prices = COSTS if costs is None else costs
    return Truth(customers, actions, uplift, np.array([prices[a] for a in actions]))


def plan_value(plan: Mapping[str, str] | tuple[Sequence[str], Sequence[str]], truth: Truth) -> PlanValue:
    """Return what a plan is truly worth, beside the best possible, the best single action and nothing.

    `plan` gives the action id per customer id (or the two as sequences, in step); customers left out, and action
    "nothing", get nothing. The best single action sends the same one to everybody (or none, if all are harmful).
    """
    pairs = list(plan.items() if isinstance(plan, Mapping) else zip(*plan, strict=True))
    rows, columns = positions(pairs, truth)
    net = truth.net
    single = net.sum(axis=0)
    top = int(single.argmax())
    return PlanValue(
        customers=len(truth.customer_ids),
        contacts=len(rows),
        plan=float(net[rows, columns].sum()),
        best_possible=float(np.maximum(net.max(axis=1), 0.0).sum()),
        best_single=max(float(single[top]), 0.0),
        best_single_action=truth.action_ids[top] if single[top] > 0 else NOTHING,
    )


def positions(
    pairs: list[tuple[str, str]], truth: Truth
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return row and column of each contact of a plan; refuse what the truth does not know."""
    row_of = {customer: i for i, customer in enumerate(truth.customer_ids)}
    column_of = {action: j for j, action in enumerate(truth.action_ids)}
    rows, columns = [], []
    for customer, action in pairs:
        if action == NOTHING:
            continue
        if customer not in row_of or action not in column_of:
            raise DataError(f'the truth has no customer "{customer}" with action "{action}"')
        rows.append(row_of[customer])
        columns.append(column_of[action])
    if len(set(rows)) != len(rows):
        raise DataError("a plan gives one action per customer; some customer has several")
    return np.array(rows, np.intp), np.array(columns, np.intp)
