"""What could be chosen, as the log and the catalogue know it, and which of it each decision took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nbatool.base.records import NOTHING, Action
from nbatool.models.candidates import Candidate
from nbatool.models.decision_table import DecisionTable
from nbatool.models.table import IntArray

if TYPE_CHECKING:
    from nbatool.base.config import Config


def log_candidates(config: Config, table: DecisionTable, actions: Sequence[Action]) -> tuple[Candidate, ...]:
    """Everything the log or the catalogue knows; actions that go out on all channels have none of their own."""
    if config.catalogue.channel_mode == "all":
        known: set[Candidate] = {(a, None) for a, _ in table.candidates} | {(a.id, None) for a in actions}
    else:
        known = set(table.candidates) | {(a.id, channel) for a in actions for channel in a.channels}
        # A log that does not say the channel of an action that has one only means that one.
        known -= {(a.id, None) for a in actions if len(a.channels) == 1}
    return (*sorted(known, key=lambda c: (c[0], c[1] or "")), (NOTHING, None))


def candidate_codes(config: Config, table: DecisionTable, candidates: tuple[Candidate, ...]) -> IntArray:
    at = {candidate: j for j, candidate in enumerate(candidates)}
    only = {action: j for j, (action, _) in enumerate(candidates)}
    by_channel = config.catalogue.channel_mode != "all"
    found = [
        at.get((action, channel if by_channel else None), only[action])
        for action, channel in zip(table.action_id.tolist(), table.channel.tolist(), strict=True)
    ]
    return np.array(found, dtype=np.int64)


def labels_of(candidates: Sequence[Candidate]) -> tuple[str, ...]:
    """Return the candidates as a reader knows them."""
    return tuple(f"{action} by {channel}" if channel else action for action, channel in candidates)
