"""From what is known about a customer to the columns a model reads.

Customer columns are the plan's features and the attributes; candidate columns describe the action, its tags and
channel, and what passed between it and the customer. Text becomes the code of its value; null, and values never
seen in training, are NaN.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import DAY_S, US_PER_S
from nbatool.base.records import Action
from nbatool.features.customer import CustomerFeatures, FeatureSet
from nbatool.features.kinds import Floats
from nbatool.features.pairs import DIMENSIONS, over_members

MOST_CATEGORIES = 200
Ints = NDArray[np.int64]


def encode_text(values: NDArray[Any], codes: dict[str, int]) -> Floats:
    """Codes of texts as float64; NaN for null and unknown."""
    return np.array([codes.get(v, np.nan) for v in values], dtype=np.float64)


def frequent_values(values: NDArray[Any]) -> tuple[str, ...]:
    """The most frequent texts, at most `MOST_CATEGORIES`, in alphabetical order; nulls do not count."""
    counts = Counter(v for v in values if v is not None)
    return tuple(sorted(sorted(counts, key=lambda v: (-counts[v], v))[:MOST_CATEGORIES]))


@dataclass(frozen=True)
class CustomerInput:
    """Columns about the customer alone, (n_customers, n_columns).

    ``categories`` holds the values of each text attribute, their position being their code.
    """

    features: FeatureSet
    categories: dict[str, tuple[str, ...]]

    @cached_property
    def names(self) -> tuple[str, ...]:
        timed = {a.name: f"days_since_{a.name}" for a in self.features.attributes if a.type == "time"}
        return self.features.plan.names + tuple(timed.get(a.name, a.name) for a in self.features.attributes)

    @cached_property
    def place(self) -> dict[str, int]:
        """Where each column stands."""
        return {name: j for j, name in enumerate(self.names)}

    @cached_property
    def categorical(self) -> tuple[str, ...]:
        return self.features.plan.categorical + tuple(self.categories)

    @cached_property
    def _codes(self) -> dict[str, dict[str, int]]:
        return {name: {v: k for k, v in enumerate(values)} for name, values in self.categories.items()}

    def encode(self, customers: CustomerFeatures) -> Floats:
        """Return x (n_customers, n_columns)."""
        n, first = customers.numbers.shape
        x = np.empty((n, len(self.names)), dtype=np.float64)
        x[:, :first] = customers.numbers
        for k, attribute in enumerate(self.features.attributes, start=first):
            values = customers.attributes[attribute.name]
            if attribute.type == "text":
                x[:, k] = encode_text(values, self._codes.get(attribute.name, {}))
            elif attribute.type == "time":
                x[:, k] = np.floor((customers.as_of_us - values) / US_PER_S) / DAY_S
            else:
                x[:, k] = values
        return x

    def to_json(self) -> dict[str, Any]:
        return {name: list(values) for name, values in self.categories.items()}

    @classmethod
    def from_json(cls, features: FeatureSet, data: dict[str, Any]) -> CustomerInput:
        return cls(features, {name: tuple(values) for name, values in data.items()})


@dataclass(frozen=True)
class TagSets:
    """Sets of tags, none of them empty.

    Parameters
    ----------
    member
        (n_sets, n_tags) 1 where the set has the tag, else 0.
    tags, begins
        Codes of the tags of the first set, of the second, …; and where each set begins.
    """

    member: Floats
    tags: Ints
    begins: Ints

    @classmethod
    def of(cls, sets: Sequence[Sequence[int]], n_tags: int) -> TagSets:
        member = np.zeros((len(sets), n_tags))
        for row, tags in enumerate(sets):
            member[row, list(tags)] = 1.0
        which, tag = member.nonzero()
        return cls(member, tag, np.searchsorted(which, np.arange(len(sets))))

    def together(self, of_tags: Floats) -> Floats:
        """Pair features of each tag (n, n_tags, 5) as those of each set, (n, n_sets, 5)."""
        result = over_members(self.member, of_tags)
        result[:, :, 2] = np.fmin.reduceat(of_tags[:, self.tags, 2], self.begins, axis=1)
        return result


@dataclass(frozen=True)
class SharedColumns:
    """What the columns of K candidates share over all customers.

    Parameters
    ----------
    fixed
        (K, n_columns) the columns that do not depend on the customer; pairs are NaN.
    by_action, by_channel
        (positions, codes) of the candidates whose action or channel the pair features know.
    by_tags
        Positions of the candidates with tags; for each of them which set of tags it has; the sets.
    """

    fixed: Floats
    by_action: tuple[Ints, Ints]
    by_channel: tuple[Ints, Ints]
    by_tags: tuple[Ints, Ints, TagSets]


@dataclass(frozen=True)
class CandidateInput:
    """Columns about a candidate: action, tags, attributes, channel, pair features.

    Parameters
    ----------
    features
        For the pair features.
    actions
        The actions as they were when the model was trained; a later action has the code NaN and speaks through
        its tags and attributes.
    numbers, texts
        Names of the action attributes read as numbers and as categories.
    categories
        Values of each text attribute.
    """

    features: FeatureSet
    actions: tuple[str, ...]
    numbers: tuple[str, ...]
    texts: tuple[str, ...]
    categories: dict[str, tuple[str, ...]]

    @cached_property
    def names(self) -> tuple[str, ...]:
        pairs = self.features.pairs
        columns = ["action", "channel"]
        columns += [f"tag_{tag}" for tag in pairs.tags]
        columns += [f"action_{name}" for name in (*self.numbers, *self.texts)]
        for dimension in DIMENSIONS:
            columns += pairs.names(dimension, ("short", "long"))
        return tuple(columns)

    @cached_property
    def categorical(self) -> tuple[str, ...]:
        return ("action", "channel", *(f"action_{name}" for name in self.texts))

    def encode_action(self, action: Action | None, action_id: str, channel: str | None) -> Floats:
        """Return the columns that do not depend on the customer, (n_columns,); pairs are NaN.

        ``action`` is None for `nothing` and for actions that left the catalogue.
        """
        pairs = self.features.pairs
        x = np.full(len(self.names), np.nan)
        if action_id in self.actions:
            x[0] = float(self.actions.index(action_id))
        if channel in pairs.channel_code:
            x[1] = float(pairs.channel_code[channel])
        tags = action.tags if action else ()
        at = 2
        for tag in pairs.tags:
            x[at] = float(tag in tags)
            at += 1
        attributes = action.attributes if action else {}
        for name in self.numbers:
            value = attributes.get(name)
            x[at] = np.nan if value is None or isinstance(value, str) else float(value)
            at += 1
        for name in self.texts:
            value = attributes.get(name)
            known = self.categories[name]
            x[at] = float(known.index(str(value))) if value is not None and str(value) in known else np.nan
            at += 1
        return x

    def fill_pairs(
        self,
        x: Floats,
        rows: Any,
        customers: CustomerFeatures,
        at: Any,
        action: Action | None,
        channel: str | None,
    ) -> None:
        """Write the pair features of one candidate into ``x[rows]`` from the customers at positions ``at``."""
        pairs = self.features.pairs
        start = len(self.names) - 15
        if action is None:
            return
        code = pairs.action_code.get(action.id)
        if code is not None:
            x[rows, start : start + 5] = customers.pairs.action[at, code]
        tags = [k for k, tag in enumerate(pairs.tags) if tag in action.tags]
        if tags:
            x[rows, start + 5 : start + 10] = _over_tags(customers.pairs.tag[at][:, tags])
        channel_code = pairs.channel_code.get(channel) if channel else None
        if channel_code is not None:
            x[rows, start + 10 : start + 15] = customers.pairs.channel[at, channel_code]

    def shared(
        self, candidates: Sequence[tuple[str, str | None]], actions: Sequence[Action | None]
    ) -> SharedColumns:
        """Prepare candidates (action id, channel) with their entries of the catalogue (None: not in it)."""
        pairs = self.features.pairs
        fixed = [self.encode_action(action, *each) for each, action in zip(candidates, actions, strict=True)]
        known = [
            (j, each, action)
            for j, (each, action) in enumerate(zip(candidates, actions, strict=True))
            if action
        ]
        by_action = [(j, pairs.action_code[a.id]) for j, _, a in known if a.id in pairs.action_code]
        by_channel = [(j, pairs.channel_code[c]) for j, (_, c), _ in known if c in pairs.channel_code]
        by_tags: dict[tuple[int, ...], list[int]] = {}
        for j, _, action in known:
            by_tags.setdefault(tuple(k for k, tag in enumerate(pairs.tags) if tag in action.tags), []).append(
                j
            )
        return SharedColumns(
            np.array(fixed).reshape(len(candidates), len(self.names)),
            (_ints(j for j, _ in by_action), _ints(code for _, code in by_action)),
            (_ints(j for j, _ in by_channel), _ints(code for _, code in by_channel)),
            (
                _ints(j for tags, at in by_tags.items() if tags for j in at),
                _ints(k for k, at in enumerate(at for tags, at in by_tags.items() if tags) for _ in at),
                TagSets.of([tags for tags in by_tags if tags], len(pairs.tags)),
            ),
        )

    def fill_all_pairs(self, x: Floats, shared: SharedColumns, customers: CustomerFeatures) -> None:
        """Write the pair features of all candidates into ``x`` (n, K, n_columns)."""
        start = len(self.names) - 15
        at, codes = shared.by_action
        x[:, at, start : start + 5] = customers.pairs.action[:, codes]
        at, which, sets = shared.by_tags
        if len(at):
            x[:, at, start + 5 : start + 10] = sets.together(customers.pairs.tag)[:, which]
        at, codes = shared.by_channel
        x[:, at, start + 10 : start + 15] = customers.pairs.channel[:, codes]

    def to_json(self) -> dict[str, Any]:
        return {
            "actions": list(self.actions), "numbers": list(self.numbers), "texts": list(self.texts),
            "categories": {name: list(values) for name, values in self.categories.items()},
        }  # fmt: skip

    @classmethod
    def from_json(cls, features: FeatureSet, data: dict[str, Any]) -> CandidateInput:
        categories = {name: tuple(values) for name, values in data["categories"].items()}
        return cls(features, tuple(data["actions"]), tuple(data["numbers"]), tuple(data["texts"]), categories)


def _ints(values: Iterable[int]) -> Ints:
    return np.array(list(values), np.int64)


def _over_tags(among: Floats) -> Floats:
    """Pair features of several tags (n, n_tags, 5) as those of all of them, (n, 5)."""
    result: Floats = among.sum(axis=1)
    result[:, 2] = np.fmin.reduce(among[:, :, 2], axis=1)
    return result


def candidate_input(
    features: FeatureSet, actions: Sequence[Action], action_ids: Sequence[str]
) -> CandidateInput:
    """Choose the candidate columns from the actions of the catalogue and the ids seen in the log."""
    names = sorted({name for action in actions for name in action.attributes})
    texts = [n for n in names if any(isinstance(a.attributes.get(n), str) for a in actions)]
    categories = {
        n: tuple(sorted({str(a.attributes[n]) for a in actions if a.attributes.get(n) is not None}))
        for n in texts
    }
    return CandidateInput(
        features, tuple(action_ids), tuple(n for n in names if n not in texts), tuple(texts), categories
    )
