"""The daily world as the files a shop would have: events of a day, customers, catalogue and nba.toml."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nbatool.world.daily.actions import ACTION_IDS, ACTIONS, CHANNELS, OFFER_ACTION, OFFER_CHANNEL
from nbatool.world.daily.answers import KINDS, Happenings
from nbatool.world.daily.people import CATEGORIES, TIERS, People
from nbatool.world.frames import known, words
from nbatool.world.latent import Ints
from nbatool.world.workspace import ROLES, SHOP

if TYPE_CHECKING:
    import polars as pl

    from nbatool.world.daily.world import DailyWorld

TS = "%Y-%m-%dT%H:%M:%S%.6fZ"
DAY_US = 86_400_000_000
DecisionIds = Mapping[int, Sequence[str | None]]
"""By day: the id of the decision each customer got, in the order of the customers."""

NBA_TOML = f"""\
# A made-up shop that answers day by day; written by nbatool.world.daily.

{SHOP.format(files='["events/*.csv"]')}decision_id = "decision_id"
attributes.category = "category"

[[source]]
name = "customers"
kind = "customers"
files = ["customers.csv"]
[source.map]
customer_id = "customer_id"
attributes.age = "age::int"
attributes.household_size = "household_size::int"
attributes.tier = "tier"
attributes.has_app = "has_app"
attributes.favourite = "favourite"

{ROLES}
[[objective]]
name = "spend"
event = "purchase"
measure = "sum"
# two hours short of the three days in which a contact works: with an hour's wait the window closes before the third
# night, and all that a contact brings is in
within = "70h"

[[target]]
name = "order_3d"
event = "purchase"
within = "3d"
"""


def write_workspace(folder: Path, world: DailyWorld, extra_toml: str = "") -> None:
    """Write nba.toml, the customers and the history before the first decision, at ``world.before_history``.

    ``extra_toml`` is appended to nba.toml, such as ``[exploration]``.
    """
    (folder / "events").mkdir(parents=True, exist_ok=True)
    (folder / "nba.toml").write_text(NBA_TOML + catalogue_toml() + extra_toml, encoding="utf-8")
    customer_frame(world.people).write_csv(folder / "customers.csv")
    import polars as pl

    frames = [event_frame(day.day - 1, events, {}) for events, day in world.history()]
    pl.concat(frames).write_csv(folder / "events" / "history.csv")


def write_day(folder: Path, day: int, events: Happenings, decision_ids: DecisionIds) -> Path:
    """Write the events of one day to a file of its own."""
    path = folder / "events" / f"{np.datetime64(day, 'D')}.csv"
    event_frame(day, events, decision_ids).write_csv(path)
    return path


def catalogue_toml() -> str:
    """Return the actions as ``[[action]]`` tables; all are for customers who came by the day before."""
    return "".join(
        f"\n[[action]]\nid = {json.dumps(a.id)}\nname = {json.dumps(a.name)}\nchannels = {json.dumps(a.channels)}\n"
        f"tags = {json.dumps(a.tags)}\ncost = {a.cost}\nattributes = {{ focus = {json.dumps(a.focus)} }}\n"
        'target = "order_3d"\nvalue_per_response = 5.0\neligible_when = "days_since_last_visit < 1"\n'
        for a in ACTIONS
    )


def customer_ids(rows: Ints) -> list[str]:
    """Return ids such as c00042."""
    return [f"c{row:05d}" for row in rows.tolist()]


def customer_frame(people: People) -> pl.DataFrame:
    """Return what the shop knows about its customers."""
    import polars as pl

    return pl.DataFrame(
        {
            "customer_id": customer_ids(np.arange(len(people))),
            "age": people.age,
            "household_size": people.household_size,
            "tier": words(TIERS, people.tier),
            "has_app": words(("no", "yes"), people.has_app.astype(np.int64)),
            "favourite": words(CATEGORIES, people.favourite),
        }
    )


def event_frame(day: int, events: Happenings, decision_ids: DecisionIds) -> pl.DataFrame:
    """Return the events of a day as rows, times and money as text, ids that no other day has."""
    import polars as pl

    micros = np.floor(events.day * 86_400.0).astype(np.int64) * 1_000_000
    has_offer = events.offer >= 0
    code = np.maximum(events.offer, 0)
    about = zip(events.contact_day.tolist(), events.row.tolist(), has_offer.tolist(), strict=True)
    decisions = [decision_ids[d][r] if has and d in decision_ids else None for d, r, has in about]
    cents = pl.lit(known(events.cents, -1)).cast(pl.Decimal(18, 2)) / 100
    return pl.DataFrame(
        {
            "event_id": [f"{day}-{k}" for k in range(len(events))],
            "customer_id": customer_ids(events.row),
            "ts": pl.Series(micros).cast(pl.Datetime("us", "UTC")).dt.strftime(TS),
            "type": words(KINDS, events.kind),
            "value": pl.select(cents.cast(pl.Decimal(18, 2)).cast(pl.String)).to_series(),
            "action_id": words(ACTION_IDS, np.where(has_offer, OFFER_ACTION[code], -1)),
            "channel": words(CHANNELS, np.where(has_offer, OFFER_CHANNEL[code], -1)),
            "decision_id": pl.Series(decisions, dtype=pl.String),
            "category": words(CATEGORIES, events.category),
        }
    )
