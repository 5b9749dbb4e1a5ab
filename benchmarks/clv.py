"""BG/NBD, Gamma-Gamma and lifetime value of many customers, against lifetimes on the same summary."""

from __future__ import annotations

import warnings
from typing import Any

from benchmarks.child import timed
from benchmarks.runs import child, in_turn, spread
from benchmarks.scale import Bench
from benchmarks.table import Row, compared, seconds

MOST_S, AT_CUSTOMERS = 10.0, 1_000_000


def measure(bench: Bench) -> list[Row]:
    n = bench.scale.clv_customers
    sides = {
        "bare": lambda: child("clv:bare", n=n, seed=bench.seed),
        "ours": lambda: child("clv:ours", n=n, seed=bench.seed, model="bg_nbd"),
    }
    found = in_turn(sides, 1 if n >= AT_CUSTOMERS else min(bench.scale.times, 2))
    auto = in_turn({"auto": lambda: child("clv:ours", n=n, seed=bench.seed, model="auto")}, 1)["auto"]
    row = compared("clv", f"fit and predict, {n:,} customers, bg_nbd", found["ours"], found["bare"])
    met = found["ours"].seconds <= MOST_S if n >= AT_CUSTOMERS else None
    return [
        row,
        Row(
            "clv", f"of it the fit: {spread(found['ours'].values('fit'))} s", seconds(found["ours"]),
            found["ours"].peak_mb, mark=f"< {MOST_S:g} s at {AT_CUSTOMERS:,}", met=met,
        ),
        Row("clv", f"with the choice among models (chosen: {auto.first('family')})", seconds(auto), auto.peak_mb),
    ]  # fmt: skip


def drawn(n: int, seed: int) -> tuple[Any, ...]:
    """Draw customers of a BG/NBD and Gamma-Gamma shop: x, t_x and age in days, mean spend."""
    import numpy as np

    rng = np.random.default_rng(seed)
    age = rng.integers(30, 540, n)
    rate = rng.gamma(0.9, 1 / 25.0, n)
    dropout = rng.beta(0.8, 2.5, n)
    x, t_x, now, alive = (np.zeros(n) for _ in range(4))
    alive += 1
    while alive.any():
        now += np.where(alive > 0, rng.exponential(1.0, n) / rate, 0)
        buys = (alive > 0) & (now < age)
        x += buys
        t_x = np.where(buys, now, t_x)
        alive = (buys & (rng.random(n) >= dropout)).astype(float)
    days = np.ceil(t_x)
    x = np.minimum(x, days)
    nu = rng.gamma(4.0, 1 / 15.0, n)
    mean = np.where(x > 0, rng.gamma(6.0 * np.maximum(x, 1), 1.0) / np.maximum(x, 1) / nu, np.nan)
    days = np.where(x > 0, np.minimum(days, age), 0)
    x = np.minimum(x, days)
    return x.astype(np.int64), days.astype(np.int64), age.astype(np.int64), np.where(x > 0, mean, np.nan)


def ours(n: int, seed: int, model: str) -> dict[str, Any]:
    from nbatool.models.clv.purchases import Purchases
    from nbatool.models.clv.settings import ClvSettings
    from nbatool.models.clv.training import fit_clv

    import_lifetimes()
    purchases = Purchases.of(*drawn(n, seed))
    result: dict[str, Any] = {}
    with timed(result):
        with timed(result, "fit"):
            fitted = fit_clv(purchases, ClvSettings(model=model), seed)
        scores = fitted.predict(purchases)
    return {**result, "family": fitted.family, "total": float(scores.clv.sum())}


def bare(n: int, seed: int) -> dict[str, Any]:
    import pandas as pd

    lifetimes = import_lifetimes()
    x, t_x, age, mean = drawn(n, seed)
    rows = pd.DataFrame({"x": x, "t_x": t_x / 7.0, "age": age / 7.0, "mean": mean}).fillna(0.0)
    result: dict[str, Any] = {}
    with timed(result), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        buys = lifetimes.BetaGeoFitter().fit(rows["x"], rows["t_x"], rows["age"])
        paid = rows[(rows["x"] > 0) & (rows["mean"] > 0)]
        spend = lifetimes.GammaGammaFitter().fit(paid["x"], paid["mean"])
        value = spend.customer_lifetime_value(
            buys, rows["x"], rows["t_x"], rows["age"], rows["mean"], time=12, freq="W", discount_rate=0.01
        )
    return {**result, "total": float(value.sum())}


def import_lifetimes() -> Any:
    """Import lifetimes before the clock runs, on both sides."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lifetimes
    return lifetimes
