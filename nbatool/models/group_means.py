"""Means of groups of rows, such as the contacts of each action, with errors that know customers come back.

A customer contacted thirty times is one observation of what kind of customer they are, not thirty: their rows are summed
first (Liang & Zeger 1986). Counting rows as independent calls noise between groups a difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbatool.models.table import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class GroupMeans:
    """Parameters
    ----------
    mean, mass
        float64[n_groups]: weighted mean and weight of each group.
    square
        float64[n_groups]: squared standard error, never below that of independent rows with one variance for all groups,
        so that a group of a few rows is not called certain.
    pull
        float64[n]: each row's part in its group's error, weight · (value − mean) / mass.
    """

    mean: FloatArray
    mass: FloatArray
    square: FloatArray
    pull: FloatArray

    def spread(self) -> tuple[float, float]:
        """Precision-weighted mean of the groups, and the variance τ² between them (DerSimonian & Laird 1986)."""
        precision = self.precision
        total = float(precision.sum())
        common = float((precision * self.mean).sum()) / total
        room = total - float((precision**2).sum()) / total
        excess = float((precision * (self.mean - common) ** 2).sum()) - (len(self.mean) - 1)
        return common, max(0.0, excess / room) if room > 0 else 0.0

    @property
    def precision(self) -> FloatArray:
        return 1.0 / np.maximum(self.square, 1e-12)


def group_means(values: FloatArray, weight: FloatArray, group: IntArray, customer: IntArray) -> GroupMeans:
    """Return the weighted mean of each group and its error.

    Parameters
    ----------
    values, weight
        float64[n].
    group, customer
        int64[n]; groups are 0, 1, … without a gap.
    """
    mass = np.maximum(np.bincount(group, weight), 1e-300)
    mean = np.bincount(group, weight * values) / mass
    rest = values - mean[group]
    free = max(len(values) - len(mass), 1)
    variance = float((weight * rest**2).sum()) / max(float(weight.sum()), 1e-300) * len(values) / free
    pull = weight * rest / mass[group]
    # one number for each pair of a group and a customer
    pairs, pair = np.unique(group * (int(customer.max(initial=0)) + 1) + customer, return_inverse=True)
    of_group = pairs // (int(customer.max(initial=0)) + 1)
    clustered = np.bincount(of_group, np.bincount(pair, pull) ** 2, minlength=len(mass))
    independent = variance * np.bincount(group, weight**2) / mass**2
    return GroupMeans(mean, mass, np.maximum(clustered, independent), pull)
