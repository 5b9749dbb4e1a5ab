"""The catalogue as a policy reads it: candidates, dates, stock and compiled conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nbatool.base.errors import ConfigError, Problem, UsageError, did_you_mean
from nbatool.base.expressions import Kind, Tree, compile_expression
from nbatool.base.records import Action
from nbatool.models.candidates import Candidate

ALL_CHANNELS = "+"
"""Joins the channels of an action that goes out on all of them (``channel_mode = "all"``)."""
MOST_LISTED = 20
ELIGIBLE_WHEN, APPLICABLE_WHEN = "eligible_when", "applicable_when"
"""Keys of an action that hold conditions."""


@dataclass(frozen=True)
class Offer:
    """A candidate that may be chosen: an action on a channel, with its compiled conditions.

    Parameters
    ----------
    eligible
        Who may ever have it; None for everybody.
    applicable
        When it makes sense; None for always.
    """

    action: Action
    channel: str
    eligible: Tree | None
    applicable: Tree | None = None

    @property
    def candidate(self) -> Candidate:
        return self.action.id, self.channel


@dataclass(frozen=True)
class Catalogue:
    """The offers in the order ties are broken: by action id, then channel.

    Parameters
    ----------
    offers
        Every candidate but `nothing`.
    allow_nothing
        Whether a policy may choose to do nothing when something is possible.
    """

    offers: tuple[Offer, ...]
    allow_nothing: bool = True

    @cached_property
    def actions(self) -> dict[str, Action]:
        return {offer.action.id: offer.action for offer in self.offers}

    def action_called(self, said: str) -> str:
        """Return the id of the action a person means by its id or its name.

        Raises
        ------
        UsageError
            No action is called so, or several are.
        """
        if said in self.actions:
            return said
        named = [a for a in self.actions.values() if a.name.casefold() == said.strip().casefold()]
        if len(named) == 1:
            return named[0].id
        if named:
            raise UsageError(f'{len(named)} actions are called "{said}": {_listed(named)}. Ask by id')
        names = [name for action in self.actions.values() for name in (action.id, action.name)]
        hint = did_you_mean(said, names) or "."
        raise UsageError(
            f'no action "{said}" in the catalogue{hint} Known are {_listed(list(self.actions.values()))}'
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "allow_nothing": self.allow_nothing,
            "actions": [action.to_json() for action in self.actions.values()],
            "offers": [[o.action.id, o.channel, o.eligible, o.applicable] for o in self.offers],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Catalogue:
        actions = {a["id"]: Action.from_json(a) for a in data["actions"]}
        offers = tuple(Offer(actions[i], channel, *conditions) for i, channel, *conditions in data["offers"])
        return cls(offers, data["allow_nothing"])


def _listed(actions: Sequence[Action]) -> str:
    """Ids with their names.

    >>> _listed([])
    '(none)'
    """
    said = [a.id if a.name == a.id else f"{a.id} ({a.name})" for a in actions]
    more = f" and {len(said) - MOST_LISTED} more" if len(said) > MOST_LISTED else ""
    return ", ".join(said[:MOST_LISTED]) + more or "(none)"


def compile_catalogue(
    actions: Sequence[Action],
    kinds: Mapping[str, Kind],
    *,
    every_channel: bool,
    allow_nothing: bool,
    file: str,
    line_of: Callable[[str, str], int | None] | None = None,
) -> Catalogue:
    """Check and compile the catalogue.

    Parameters
    ----------
    actions
        As the configuration and its file say.
    kinds
        Names expressions may use: features, attributes, scores; `action.*` names are added here.
    every_channel
        ``channel_mode = "all"``: one candidate per action instead of one per channel.
    file, line_of
        The configuration file, and a function from an action id and a key to the line there, for messages.

    Raises
    ------
    ConfigError
        An expression is wrong; all are reported at once.
    """
    problems: list[Problem] = []
    offers: list[Offer] = []
    known: dict[str, Kind] = {**kinds, **action_kinds(actions)}
    for action in sorted(actions, key=lambda a: a.id):
        conditions: dict[str, Tree | None] = {}
        for key, text in ((ELIGIBLE_WHEN, action.eligible_when), (APPLICABLE_WHEN, action.applicable_when)):
            try:
                conditions[key] = compile_expression(text, known) if text else None
            except ConfigError as error:
                line = line_of(action.id, key) if line_of else None
                problems += [
                    Problem(f'[[action]] "{action.id}": {key}: {p}', file, line) for p in error.problems
                ]
        channels = channels_offered(action, every_channel=every_channel)
        offers += [
            Offer(action, channel, conditions.get(ELIGIBLE_WHEN), conditions.get(APPLICABLE_WHEN))
            for channel in channels
        ]
    if problems:
        raise ConfigError(problems)
    return Catalogue(tuple(offers), allow_nothing)


def channels_offered(action: Action, *, every_channel: bool) -> list[str]:
    """Return the channels an action is a candidate on: each of its own, or all of them as one."""
    return [ALL_CHANNELS.join(action.channels)] if every_channel else sorted(action.channels)


def action_kinds(actions: Sequence[Action]) -> dict[str, Kind]:
    """Kinds of the ``action.*`` names."""
    kinds: dict[str, Kind] = {"action.id": "text", "action.name": "text", "action.channel": "text"}
    kinds |= {"action.cost": "number", "action.lever": "number"}
    for action in actions:
        for name, value in action.attributes.items():
            if value is not None:
                kind: Kind = (
                    "boolean" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
                )
                kinds[f"action.{name}"] = kind
    return kinds


def action_values(offer: Offer) -> dict[str, float | str | None]:
    """Values of the ``action.*`` names of one offer."""
    action = offer.action
    values: dict[str, float | str | None] = {
        "action.id": action.id, "action.name": action.name, "action.channel": offer.channel,
        "action.cost": action.cost, "action.lever": action.lever,
    }  # fmt: skip
    for name, value in action.attributes.items():
        values[f"action.{name}"] = float(value) if isinstance(value, bool) else value
    return values
