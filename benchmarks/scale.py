"""How large the measured shops are, and how often each side is run."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.shops import Shops


@dataclass(frozen=True)
class Scale:
    """Customers (about 30 events each) per stage, how often each side is run, and how many live decisions are made.

    Training is the slowest stage by far, so models are made from the smallest shop.
    """

    customers: int
    model_customers: int
    scored_customers: int
    clv_customers: int
    published_customers: int
    times: int
    decisions: int
    judged_decisions: int
    limited_customers: int


SCALES = {
    "small": Scale(20_000, 2_000, 5_000, 100_000, 50_000, 3, 500, 50_000, 20_000),
    "medium": Scale(100_000, 4_000, 20_000, 1_000_000, 1_000_000, 3, 2_000, 200_000, 100_000),
    "large": Scale(1_000_000, 20_000, 1_000_000, 1_000_000, 1_000_000, 3, 5_000, 1_000_000, 1_000_000),
}


@dataclass(frozen=True)
class Bench:
    """One call of ``python -m benchmarks``."""

    scale: Scale
    shops: Shops
    seed: int
