"""Pair features: what passed between a customer and an action, its tags, or a channel, before a moment.

For each of the three there are five: contacts in the short and the long window, days since the last contact, and
engagements and conversions in the long window. They are kept for every action at once, because a decision looks
at all of them: arrays of shape (n_moments, n_keys).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import DAY_S
from nbatool.features.kinds import Floats

DIMENSIONS = ("action", "tag", "channel")
_COLUMN = np.array([1, 3, 4], np.int64)
"""Where the long window of each role is counted."""


@dataclass(frozen=True)
class PairPlan:
    """Which events and keys the pair features cover.

    Parameters
    ----------
    types
        Event types of the roles contact, engage and convert, in that order.
    actions, channels
        Ids known to the plan; their position is their code.
    tags
        Tags known to the plan.
    tags_of
        Codes of the tags of each action.
    short_s, long_s
        The two windows, in seconds.
    """

    types: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
    actions: tuple[str, ...]
    channels: tuple[str, ...]
    tags: tuple[str, ...]
    tags_of: tuple[tuple[int, ...], ...]
    short_s: int
    long_s: int

    def names(self, dimension: str, window_names: tuple[str, str]) -> tuple[str, ...]:
        short, long = window_names
        return (
            f"count_contact_of_{dimension}_{short}",
            f"count_contact_of_{dimension}_{long}",
            f"days_since_last_contact_of_{dimension}",
            f"count_engage_of_{dimension}_{long}",
            f"count_convert_of_{dimension}_{long}",
        )

    @cached_property
    def action_code(self) -> dict[str, int]:
        return {name: code for code, name in enumerate(self.actions)}

    @cached_property
    def channel_code(self) -> dict[str, int]:
        return {name: code for code, name in enumerate(self.channels)}

    @cached_property
    def membership(self) -> NDArray[np.bool_]:
        """Whether an action carries a tag, (n_actions, n_tags)."""
        member = np.zeros((len(self.actions), len(self.tags)), dtype=np.bool_)
        for action, tags in enumerate(self.tags_of):
            member[action, list(tags)] = True
        return member

    @cached_property
    def carried(self) -> Floats:
        """1 where a tag is carried by an action, else 0, (n_tags, n_actions)."""
        return self.membership.T.astype(np.float64)

    @cached_property
    def members(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Tags that some action carries; the codes of the actions of the first of them, of the second, …; where each begins."""
        tag, action = self.membership.T.nonzero()
        tagged, begins = np.unique(tag, return_index=True)
        return tagged, action, begins

    def to_json(self) -> dict[str, Any]:
        return {
            "types": [list(t) for t in self.types], "actions": list(self.actions), "channels": list(self.channels),
            "tags": list(self.tags), "tags_of": [list(t) for t in self.tags_of],
            "short_s": self.short_s, "long_s": self.long_s,
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> PairPlan:
        contact, engage, convert = (tuple(t) for t in data["types"])
        return cls(
            (contact, engage, convert), tuple(data["actions"]), tuple(data["channels"]), tuple(data["tags"]),
            tuple(tuple(t) for t in data["tags_of"]), data["short_s"], data["long_s"],
        )  # fmt: skip


@dataclass(frozen=True)
class PairFeatures:
    """Pair features of n moments: one array (n_moments, n_keys, 5) per dimension; NaN is null."""

    action: Floats
    tag: Floats
    channel: Floats


@dataclass(frozen=True)
class Contacts:
    """Counted contacts of n moments, one entry per (moment, role, action, channel) that has any.

    ``moment``, ``role``, ``action`` and ``channel`` are codes (-1 unknown), ``short`` and ``long`` counts in the
    windows, ``last_s`` the age of the newest in whole seconds; all of shape (n_entries,).
    """

    n_moments: int
    moment: NDArray[np.int64]
    role: NDArray[np.int64]
    action: NDArray[np.int64]
    channel: NDArray[np.int64]
    short: NDArray[np.int64]
    long: NDArray[np.int64]
    last_s: NDArray[np.int64]


def pair_features(plan: PairPlan, contacts: Contacts) -> PairFeatures:
    """Spread counted contacts over actions, tags and channels; sums of integers, so any order gives equal bits."""
    n_actions = len(plan.actions)
    found = _spread(contacts, n_actions, len(plan.channels))
    by_action = found[:, :n_actions]
    by_tag = over_members(plan.carried, by_action)
    by_tag[:, :, 2] = np.inf
    tagged, members, begins = plan.members
    if len(tagged):
        by_tag[:, tagged, 2] = np.minimum.reduceat(by_action[:, members, 2], begins, axis=1)
    return PairFeatures(_finish(by_action), _finish(by_tag), _finish(found[:, n_actions:]))


def over_members(member: Floats, each: Floats) -> Floats:
    """Return the counts of several together: (n_sets, n_keys) 0 or 1, (n, n_keys, 5) → (n, n_sets, 5), but for the ages.

    Counts are whole numbers, so that a matrix product, which adds in any order, has the bits of any other sum.
    """
    counts = each.copy()
    counts[:, :, 2] = 0.0
    together: Floats = member @ counts
    return together


def _spread(contacts: Contacts, n_actions: int, n_channels: int) -> Floats:
    """Return (n_moments, n_actions + n_channels, 5): counts, and ages in seconds, infinite where there is none."""
    n_keys = n_actions + n_channels
    cell = np.concatenate([
        np.where(contacts.action >= 0, contacts.moment * n_keys + contacts.action, -1),
        np.where(contacts.channel >= 0, contacts.moment * n_keys + n_actions + contacts.channel, -1),
    ])  # fmt: skip
    cell *= 5
    role, long = np.concatenate([contacts.role] * 2), np.concatenate([contacts.long] * 2)
    known = cell >= 0
    contacted = np.flatnonzero(known & (role == 0))
    first = cell[contacted]
    counts = np.bincount(
        np.concatenate([first, cell[known] + _COLUMN[role[known]]]),
        np.concatenate([np.concatenate([contacts.short] * 2)[contacted], long[known]]),
        contacts.n_moments * n_keys * 5,
    )
    # Without any contact bincount's zeros are whole numbers.
    result: Floats = counts.astype(np.float64, copy=False)
    result[2::5] = np.inf
    last_s = np.concatenate([contacts.last_s] * 2)[contacted]
    np.minimum.at(result, first + 2, last_s.astype(np.float64))
    return result.reshape(contacts.n_moments, n_keys, 5)


def _finish(result: Floats) -> Floats:
    ages = result[:, :, 2]
    result[:, :, 2] = np.where(np.isfinite(ages), ages / DAY_S, np.nan)
    return result
