"""Who bought how often and when last: the three numbers the purchase models need, and their collapsed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nbatool.base.errors import DataError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DAYS_PER_WEEK = 7.0


@dataclass(frozen=True)
class Purchases:
    """One row per customer with at least one purchase day; every array has shape ``(n_customers,)``.

    Attributes
    ----------
    customer
        Index of the customer in the caller's own list.
    x
        Repeat purchases: purchase days less the first.
    t_x_days
        Days from the first purchase day to the last (0 without a repeat purchase).
    age_days
        Days from the first purchase day to the last day observed: T in the literature.
    paid
        Repeat purchase days with a positive net amount; the number that `mean_spend` is a mean of.
    mean_spend
        Mean net amount of those days, in currency; NaN where there is none. The first purchase stays out, as in
        the Gamma-Gamma paper.
    first_spend
        Net amount of the first purchase day, NaN if unknown; read only when there are too few repeat purchases.
    """

    customer: Ints
    x: Ints
    t_x_days: Ints
    age_days: Ints
    paid: Ints
    mean_spend: Floats
    first_spend: Floats

    def __post_init__(self) -> None:
        lengths = {len(getattr(self, name)) for name in self.__dataclass_fields__}
        if len(lengths) > 1:
            raise DataError(f"purchases: the columns differ in length: {sorted(lengths)}")
        bad = (self.x < 0) | (self.t_x_days < self.x) | (self.t_x_days > self.age_days)
        bad |= (self.x == 0) & (self.t_x_days != 0)
        bad |= (self.paid < 0) | (self.paid > self.x) | ((self.paid > 0) & ~(self.mean_spend > 0))
        if bad.any():
            i = int(np.argmax(bad))
            raise DataError(
                f"purchases, row {i}: x={self.x[i]}, t_x={self.t_x_days[i]}, age={self.age_days[i]}, "
                f"paid={self.paid[i]}, mean_spend={self.mean_spend[i]} cannot be; allowed are "
                "0 <= paid <= x <= t_x <= age (T) in whole days, t_x = 0 where x = 0, and a positive mean where paid > 0"
            )

    def __len__(self) -> int:
        return len(self.x)

    @classmethod
    def of(
        cls,
        x: Ints,
        t_x_days: Ints,
        age_days: Ints,
        mean_spend: Floats | None = None,
        *,
        paid: Ints | None = None,
        first_spend: Floats | None = None,
    ) -> Purchases:
        """Build from bare arrays; without `paid`, all repeat purchases of a customer with a mean count as paid.

        >>> purchases = Purchases.of(np.array([2, 0]), np.array([20, 0]), np.array([50, 30]))
        >>> len(purchases), purchases.paid.tolist()
        (2, [0, 0])
        """
        x = np.asarray(x, np.int64)
        unknown = np.full(len(x), np.nan)
        mean = unknown if mean_spend is None else np.asarray(mean_spend, np.float64)
        return cls(
            customer=np.arange(len(x), dtype=np.int64),
            x=x,
            t_x_days=np.asarray(t_x_days, np.int64),
            age_days=np.asarray(age_days, np.int64),
            paid=np.where(mean > 0, x, 0) if paid is None else np.asarray(paid, np.int64),
            mean_spend=mean,
            first_spend=unknown if first_spend is None else np.asarray(first_spend, np.float64),
        )


@dataclass(frozen=True)
class Rows:
    """Distinct (x, t_x, T), ascending, with the number of customers of each; shape ``(n_rows,)``, times in weeks.

    Everything fitted or predicted depends on a customer through such a row alone, and a million customers make
    some hundred thousand of them. Their order does not depend on the order of the customers.
    """

    x: Floats
    t_x: Floats
    age: Floats
    customers: Ints

    @property
    def n_customers(self) -> int:
        return int(self.customers.sum())

    @property
    def repeat_purchases(self) -> int:
        return int((self.x * self.customers).sum())

    @property
    def repeat_customers(self) -> int:
        return int(self.customers[self.x > 0].sum())

    def draw(self, n_customers: int, generator: np.random.Generator) -> Rows:
        """Return a random sample of customers without replacement (all of them if there are no more)."""
        if n_customers >= self.n_customers:
            return self
        taken = generator.multivariate_hypergeometric(self.customers, n_customers, method="marginals")
        return self.counted(taken)

    def counted(self, customers: Ints) -> Rows:
        """Return the same rows with other numbers of customers, without those that have none left."""
        kept = customers > 0
        return Rows(self.x[kept], self.t_x[kept], self.age[kept], customers[kept])

    def split(self, share: float, generator: np.random.Generator) -> tuple[Rows, Rows]:
        """Split the customers at random into a part of about `share` and the rest."""
        wanted = round(self.n_customers * share)
        taken = generator.multivariate_hypergeometric(self.customers, wanted, method="marginals")
        return self.counted(taken), self.counted(self.customers - taken)


def collapse(purchases: Purchases) -> tuple[Rows, Ints]:
    """Return the distinct rows, and for each customer the index of theirs.

    >>> purchases = Purchases.of(np.array([1, 0, 1]), np.array([7, 0, 7]), np.array([14, 21, 14]))
    >>> rows, index = collapse(purchases)
    >>> rows.x.tolist(), rows.age.tolist(), rows.customers.tolist(), index.tolist()
    ([0.0, 1.0], [3.0, 2.0], [1, 2], [1, 0, 1])
    """
    span = int(purchases.age_days.max(initial=0)) + 1
    key = (purchases.x * span + purchases.t_x_days) * span + purchases.age_days
    distinct, index, customers = np.unique(key, return_inverse=True, return_counts=True)
    rows = Rows(
        x=(distinct // (span * span)).astype(np.float64),
        t_x=(distinct // span % span) / DAYS_PER_WEEK,
        age=(distinct % span) / DAYS_PER_WEEK,
        customers=customers.astype(np.int64),
    )
    return rows, index.astype(np.int64)
