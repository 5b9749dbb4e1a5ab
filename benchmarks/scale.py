"""How large the measured shops are, and how often each side is run."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.shops import Shops


@dataclass(frozen=True)
class Scale:
    """Customers of the main shop (about 30 events each) and of the smaller one for models; runs of each side."""

    customers: int
    model_customers: int
    clv_customers: int
    published_customers: int
    times: int
    decisions: int


SCALES = {
    "small": Scale(20_000, 5_000, 200_000, 50_000, 3, 500),
    "medium": Scale(100_000, 10_000, 1_000_000, 200_000, 3, 2_000),
    "large": Scale(1_000_000, 1_000_000, 1_000_000, 1_000_000, 3, 5_000),
}


@dataclass(frozen=True)
class Bench:
    """One call of ``python -m benchmarks``."""

    scale: Scale
    shops: Shops
    seed: int
