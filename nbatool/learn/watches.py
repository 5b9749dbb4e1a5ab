"""All actions watched for change, from one day's closed decisions to the next; kept as JSON in between."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from nbatool.base.errors import DataError
from nbatool.learn.change import USUAL, Change, Floats, Sensitivity, Watch

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Watches:
    """One watch an action, by action id (`nothing` among them: then the season changed, not an action)."""

    by_action: Mapping[str, Watch] = field(default_factory=dict)

    def after(
        self,
        at_us: int,
        action_ids: Sequence[str],
        outcome: Floats,
        expected: Floats,
        terms: Sensitivity = USUAL,
    ) -> tuple[Watches, tuple[Change, ...]]:
        """Return the watches after the decisions of one day, and what changed, in order of action id.

        Parameters
        ----------
        action_ids
            What was chosen in each decision; an action not seen before begins to be watched.
        outcome, expected
            Per decision, in currency, shape (n,).
        """
        chosen = np.asarray(action_ids, dtype=object)
        watches, changes = dict(self.by_action), []
        for action_id in sorted(set(action_ids)):
            rows = chosen == action_id
            watch = watches.get(action_id) or Watch(action_id)
            watches[action_id], change = watch.after(at_us, outcome[rows], expected[rows], terms)
            if change is not None:
                changes.append(change)
        return Watches(watches), tuple(changes)

    def to_json(self) -> str:
        """Return the watches as a JSON text, equal for equal watches."""
        rows = [self.by_action[name].to_json() for name in sorted(self.by_action)]
        return json.dumps({"format": FORMAT, "watches": rows}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the watches that were written.

        Raises
        ------
        DataError
            The text is damaged or of another version.
        """
        try:
            found = json.loads(text)
            if found["format"] != FORMAT:
                raise DataError(
                    f"what is watched for change has format {found['format']}, this version reads {FORMAT}: "
                    "delete it, and watching begins anew"
                )
            watches = [Watch.from_json(row) for row in found["watches"]]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DataError(
                f"what is watched for change cannot be read ({error}): delete it, and watching begins anew"
            ) from error
        return cls({watch.action_id: watch for watch in watches})
