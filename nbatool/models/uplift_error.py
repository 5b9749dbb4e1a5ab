"""How sure an uplift is: its standard error, by action and by what `nothing` brings.

The boosters that were fitted without each third of the customers disagree by what other customers would have changed:
leaving out one of g groups, (g − 1)/g · Σ(u_j − ū)² estimates the variance of u (delete-a-group jackknife; Kott 2001), as a
bootstrap over customers would, without another fit. One customer's three values say little, so they are averaged over
customers like them, action by action; the error of the action's own offset is added. A live decision reads a curve.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbatool.models.table import FloatArray
from nbatool.models.uplift_map import Curve

MOST_KNOTS, ROWS_PER_KNOT = 6, 200


@dataclass(frozen=True, slots=True)
class UpliftError:
    """Parameters
    ----------
    curves
        Action code (the model's own column) → standard error in currency by what nothing brings.
    other
        The same for actions never contacted.
    """

    curves: Mapping[int, Curve]
    other: Curve

    def apply(self, action: FloatArray, nothing: FloatArray) -> FloatArray:
        """Return float64[n], element by element; ``nothing`` is what nothing is expected to bring.

        >>> flat = Curve(np.zeros(1), np.ones(1))
        >>> UpliftError({2: Curve(np.zeros(1), np.full(1, 0.5))}, flat).apply(np.array([2.0, np.nan]), np.zeros(2)).tolist()
        [0.5, 1.0]
        """
        found = self.other.apply(nothing)
        for code, curve in self.curves.items():
            found = np.where(action == code, curve.apply(nothing), found)
        return np.asarray(found)

    def to_json(self) -> dict[str, Any]:
        return {
            "curves": {str(code): [c.x.tolist(), c.y.tolist()] for code, c in self.curves.items()},
            "other": [self.other.x.tolist(), self.other.y.tolist()],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> UpliftError:
        return cls({int(code): _curve(c) for code, c in stored["curves"].items()}, _curve(stored["other"]))


UNKNOWN = UpliftError({}, Curve(np.zeros(1), np.zeros(1)))
"""Of a model that learned nothing: no error is claimed."""


def fit_uplift_error(
    each: FloatArray, codes: FloatArray, nothing: FloatArray, offset_se: Mapping[int, float]
) -> UpliftError:
    """Average the disagreement of the boosters over customers like them.

    Parameters
    ----------
    each
        float64[n_groups, n, k]: the uplift by the booster fitted without each group.
    codes
        float64[k]: the actions' codes.
    nothing
        float64[n]: what nothing is expected to bring.
    offset_se
        Action code → standard error of the action's offset.
    """
    n_groups = len(each)
    variance = (n_groups - 1) / n_groups * ((each - each.mean(0)) ** 2).sum(0)
    n_bins = int(np.clip(len(nothing) // ROWS_PER_KNOT, 1, MOST_KNOTS))
    number = np.empty(len(nothing), dtype=np.int64)
    number[np.argsort(nothing, kind="stable")] = np.arange(len(nothing)) * n_bins // max(len(nothing), 1)
    size = np.maximum(np.bincount(number, minlength=n_bins), 1)
    at, group = np.unique(np.bincount(number, nothing, n_bins) / size, return_inverse=True)
    curves = {}
    for k, code in enumerate(codes):
        own = np.bincount(number, variance[:, k], n_bins) / size
        knot = np.bincount(group, own) / np.bincount(group)
        curves[int(code)] = Curve(at, np.sqrt(knot + offset_se.get(int(code), 0.0) ** 2))
    if not curves:
        return UNKNOWN
    # what is not known of an action never tried is at least what is not known of the least known
    return UpliftError(curves, Curve(at, np.max([c.y for c in curves.values()], axis=0)))


def _curve(stored: list[list[float]]) -> Curve:
    return Curve(*(np.array(v, dtype=np.float64) for v in stored))
