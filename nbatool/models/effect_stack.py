"""Pairs of an action and nothing, stacked: the rows X- and DR-learners are fitted on, all actions in one booster.

A contact stands once, with the action it got. A row of `nothing` is compared with a few of the actions, drawn in turn; it
counts for those it was not compared with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbatool.base.seeds import generator
from nbatool.models.logged import Logged
from nbatool.models.table import BoolArray, FloatArray, IntArray, Table


@dataclass(frozen=True)
class Stack:
    """Parameters
    ----------
    row, arm
        int64[n_stack]: position in the log, and the action it is about.
    contact
        bool[n_stack]: whether the row got that action (else nothing).
    chance
        float64[n_stack]: of the action, where it or nothing was done.
    weight
        float64[n_stack].
    of_arm
        float64[n_actions, d]: a row of the log that got each action: its candidate columns.
    first_candidate
        Position of the first candidate column.
    """

    row: IntArray
    arm: IntArray
    contact: BoolArray
    chance: FloatArray
    weight: FloatArray
    of_arm: FloatArray
    first_candidate: int

    def x(self, table: Table, columns: tuple[int, ...], use: IntArray | None = None) -> FloatArray:
        """Return some columns of the rows as if they got the action, (n, n_columns)."""
        row, arm = (self.row, self.arm) if use is None else (self.row[use], self.arm[use])
        x = table.x[np.ix_(row, np.array(columns, dtype=np.int64))]
        for at, column in enumerate(columns):
            if column >= self.first_candidate:
                x[:, at] = self.of_arm[arm, column]
        return x

    def x_nothing(self, table: Table, columns: tuple[int, ...], nothing: FloatArray) -> FloatArray:
        """Return the same rows as if they got nothing."""
        x = table.x[np.ix_(self.row, np.array(columns, dtype=np.int64))]
        for at, column in enumerate(columns):
            if column >= self.first_candidate:
                x[:, at] = nothing[column - self.first_candidate]
        return x

    def table(
        self, table: Table, columns: tuple[int, ...], use: IntArray, y: FloatArray, weight: FloatArray
    ) -> Table:
        """Return rows of the stack as a table to fit on, sorted by customer and time, then action."""
        names = tuple(table.names[j] for j in columns)
        row = self.row[use]
        return Table(
            self.x(table, columns, use), names, tuple(n for n in table.categorical if n in names), y, weight,
            table.customer[row], table.as_of_us[row],
        )  # fmt: skip


def stack_of(logged: Logged, rows: IntArray, *, first_candidate: int, seed: int) -> Stack:
    """Stack some rows of the log; contacts of unknown actions are left out."""
    done, k = logged.arms(), len(logged.codes)
    contacts = rows[(done[rows] >= 0) & (done[rows] < k)]
    none = rows[done[rows] == k]
    copies = int(np.clip(round(len(contacts) / max(len(none), 1) / 2), 1, k))
    first = generator(seed, "effect stack").integers(0, k, len(none))
    arms = [(first + step * max(1, k // copies)) % k for step in range(copies)]
    row = np.concatenate([contacts, *([none] * copies)]).astype(np.int64)
    arm = np.concatenate([done[contacts], *arms]).astype(np.int64)
    order = np.lexsort((arm, row))
    row, arm = row[order], arm[order]
    contact = ~logged.is_nothing[row]
    found = np.array([np.flatnonzero(done == each)[0] for each in range(k)])
    return Stack(
        row, arm, contact, logged.pair_chances(row, arm),
        np.where(contact, 1.0, k / copies) * logged.recencies()[row],
        logged.table.x[found], first_candidate,
    )  # fmt: skip
