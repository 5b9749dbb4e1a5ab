"""Past decisions as the outcome model learns from them: what was known, what was done, how likely that was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbatool.models.doubly_robust import LEAST_PROBABILITY
from nbatool.models.table import BoolArray, FloatArray, IntArray, Table


@dataclass(frozen=True, slots=True)
class Logged:
    """Past decisions in the order of `table.row_order`.

    Parameters
    ----------
    table
        Columns of the customer and the context, then those of the candidate, the action's code first.
    is_nothing
        bool[n].
    action_code
        int64[n], any value on `nothing` rows.
    action
        float64[n]: the same as the model's own column says it, NaN unknown.
    probability
        float64[n]: the chance of what was done; None where shares of the log stand in.
    recency
        float64[n]: what each row counts for its age, a factor of the table's weight; None where nothing is forgotten.
    """

    table: Table
    is_nothing: BoolArray
    action_code: IntArray
    action: FloatArray
    probability: FloatArray | None = None
    recency: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.table)

    @property
    def codes(self) -> IntArray:
        """The k actions that were contacted, as the model's own column has them, ascending."""
        known = self.action[~self.is_nothing & ~np.isnan(self.action)]
        return np.unique(known).astype(np.int64)

    def recencies(self) -> FloatArray:
        """Return float64[n]: what each row counts for its age, or ones."""
        return np.ones(len(self)) if self.recency is None else self.recency

    def arms(self) -> IntArray:
        """Return int64[n]: position of what was done in `codes`, k for `nothing`, −1 for an unknown action."""
        codes = self.codes
        if not len(codes):
            return np.where(self.is_nothing, 0, -1)
        at = np.minimum(np.searchsorted(codes, np.nan_to_num(self.action, nan=-1.0)), len(codes) - 1)
        known = codes[at] == self.action
        return np.where(self.is_nothing, len(codes), np.where(known, at, -1)).astype(np.int64)

    def chances(self) -> FloatArray:
        """Return float64[n]: the chance of what was done, as logged or as its share of all rows."""
        if self.probability is not None:
            return self.probability
        arm = self.arms()
        shares = np.bincount(arm + 1, minlength=len(self.codes) + 2) / max(len(arm), 1)
        return np.asarray(shares[arm + 1])

    def pair_chances(self, rows: IntArray, arm: IntArray) -> FloatArray:
        """Return the chance of an action where it or `nothing` was done, (n_rows,), within [.02, .98].

        Parameters
        ----------
        rows, arm
            int64[n_rows]: positions, and the actions in question; each row got that action or `nothing`. The chance of
            the other is not logged: what is left is shared as in the log.
        """
        done, everyone = self.arms(), self.chances()
        share = np.bincount(done[done >= 0], minlength=len(self.codes) + 1) / max(len(done), 1)
        own = np.clip(everyone[rows], LEAST_PROBABILITY, 1.0)
        none = self.is_nothing[rows]
        other = np.where(none, share[arm], share[-1])
        rest = np.where(none, 1.0 - share[-1], 1.0 - share[arm])
        other_chance = (1.0 - own) * other / np.maximum(rest, 1e-12)
        action, nothing = np.where(none, other_chance, own), np.where(none, own, other_chance)
        return np.asarray(np.clip(action / np.maximum(action + nothing, 1e-12), 0.02, 0.98))
