"""Whose decisions belong together: sums per customer, and the groups of customers that are drawn again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbatool.measure.estimators import Parts
from nbatool.models.splits import customer_part
from nbatool.models.table import FloatArray, IntArray

MOST_GROUPS = 10_000


@dataclass(frozen=True, slots=True)
class Customers:
    """The units that are independent of each other.

    Parameters
    ----------
    code
        int64[n]: dense customer code of each decision.
    n
        Number of customers.
    group
        int64[n]: dense code of the unit that is drawn again. Up to 10,000 customers it is the customer; beyond, customers
        are put together at random: sums of groups keep the variance and the skewness of the sum over everybody, and the
        error of a variance from 10,000 units, 1.4 %, is below that of 1,000 draws, 2.2 %.
    n_groups
        Number of those units.
    """

    code: IntArray
    n: int
    group: IntArray
    n_groups: int

    @classmethod
    def of(cls, customer: IntArray, *, seed: int = 0, most_groups: int = MOST_GROUPS) -> Customers:
        """Return the units of decisions with these customer codes, whatever the order of the rows."""
        distinct, code = np.unique(customer, return_inverse=True)
        code = code.astype(np.int64)
        n = len(distinct)
        if n <= most_groups:
            return cls(code, n, code, n)
        return cls(code, n, customer_part(customer, seed, "measure/groups", most_groups), most_groups)

    def totals(self, values: FloatArray) -> FloatArray:
        """Return float64[n_customers]: the sum of each customer's rows."""
        return np.bincount(self.code, values, self.n).astype(np.float64)

    def group_sums(self, parts: Parts) -> FloatArray:
        r"""Return float64[n_groups, 4]: each unit's :math:`\sum\omega, \sum\omega b, \sum\omega g, \sum\omega m`."""
        w = parts.weight
        columns = (w, w * parts.base, w * parts.gain, w * parts.mass)
        return np.stack([np.bincount(self.group, column, self.n_groups) for column in columns], axis=1)
