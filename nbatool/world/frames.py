"""Simulated numbers as tables a shop would export: ids, texts, gaps in what is known about a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nbatool.base.seeds import generator
from nbatool.world.actions import ACTION_IDS
from nbatool.world.events import CHANNELS, NO_VALUE, TYPES, Events
from nbatool.world.history import World
from nbatool.world.latent import CATEGORIES, REGIONS, TIERS, ZONES, Customers, Ints
from nbatool.world.season import clock_seconds

if TYPE_CHECKING:
    import polars as pl


def customer_ids(numbers: Ints) -> pl.Series:
    """Return ids such as c004217."""
    import polars as pl

    return pl.select("c" + pl.lit(pl.Series(numbers)).cast(pl.String).str.zfill(6)).to_series()


def words(names: tuple[str, ...], codes: npt.NDArray[np.integer]) -> pl.Series:
    """Return the names of codes; null for -1."""
    import polars as pl

    return pl.Series(names).gather(known(codes, -1))


def known(values: npt.NDArray[np.integer], missing: int) -> pl.Series:
    """Return whole numbers, null where they are `missing`."""
    import polars as pl

    column = pl.lit(pl.Series(values, dtype=pl.Int64))
    return pl.select(pl.when(column != missing).then(column)).to_series()


def event_frame(world: World, events: Events, *, first_number: int, newest_at: int | None) -> pl.DataFrame:
    """Return events in order of time, numbered from `first_number`.

    With `newest_at` (seconds since 1970) the last of them moves to the microsecond before it, so that "just after
    the newest record" is a round time.
    """
    import polars as pl

    seconds = clock_seconds(events.day, world.customers.zone[events.row])
    order = np.lexsort((events.type, events.row, seconds))
    events, seconds = events.take(order), seconds[order]
    micros = seconds * 1_000_000
    if newest_at is not None and len(micros):
        micros[-1] = newest_at * 1_000_000 - 1
    ids = customer_ids(world.customers.number)
    numbers = pl.Series(np.arange(first_number, first_number + len(events)))
    cents = known(events.cents, NO_VALUE)
    return pl.DataFrame(
        {
            "event_id": pl.select("e" + pl.lit(numbers).cast(pl.String).str.zfill(7)).to_series(),
            "customer_id": ids.gather(pl.Series(events.row)),
            "ts": pl.Series(micros).cast(pl.Datetime("us", "UTC")),
            "type": words(TYPES, events.type),
            "value": pl.select(pl.lit(cents).cast(pl.Decimal(18, 4)) / 100)
            .to_series()
            .cast(pl.Decimal(18, 4)),
            "action_id": words(ACTION_IDS, events.action),
            "channel": words(CHANNELS, events.channel),
            "category": words(CATEGORIES, events.category),
            "on_sale": words(("no", "yes"), events.on_sale),
        }
    )


def customer_frame(customers: Customers, *, seed: int) -> pl.DataFrame:
    """Return what the shop knows about its customers; some did not answer, and some answers are wrong."""
    import polars as pl

    n = len(customers)
    rng = generator(seed, f"world/answers/{customers.number[0] if n else 0}")
    liked = np.where(
        rng.random(n) < 0.85, customers.taste.argmax(axis=1), rng.integers(0, len(CATEGORIES), n)
    )
    newsletter = (customers.open_p > 0.5) ^ (rng.random(n) < 0.10)
    signed_up = clock_seconds(customers.signup_day, customers.zone) * 1_000_000

    def told(values: npt.NDArray[np.integer], unknown: float) -> npt.NDArray[np.integer]:
        return np.where(rng.random(n) < unknown, -1, values)

    return pl.DataFrame(
        {
            "customer_id": customer_ids(customers.number),
            "signed_up": pl.Series(signed_up).cast(pl.Datetime("us", "UTC")),
            "timezone": words(ZONES, told(customers.zone, 0.05)),
            "region": words(REGIONS, customers.zone),
            "age": known(told(customers.age, 0.10), -1),
            "household_size": known(told(customers.household_size, 0.15), -1),
            "tier": words(TIERS, customers.tier),
            "newsletter": words(("no", "yes"), newsletter.astype(np.int64)),
            "favourite": words(CATEGORIES, told(liked, 0.30)),
        }
    )


def truth_frame(world: World) -> pl.DataFrame:
    """Return the truth at the end: one row per customer and action, `true_uplift` in currency before cost."""
    import polars as pl

    uplift = world.truth()
    n, n_actions = uplift.shape
    return pl.DataFrame(
        {
            "customer_id": customer_ids(np.repeat(world.customers.number, n_actions)),
            "action_id": words(ACTION_IDS, np.tile(np.arange(n_actions), n)),
            "true_uplift": pl.Series(uplift.ravel().round(3)).cast(pl.Float32),
        }
    )
