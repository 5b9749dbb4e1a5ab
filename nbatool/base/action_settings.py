"""``[catalogue]`` and ``[[action]]``: what can be done for a customer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Strict

from nbatool.base.records import NOTHING
from nbatool.base.setting_types import Identifier, Number, Table, Text, Texts, Whole, wrong
from nbatool.base.source_settings import AttributesMap

Day = Annotated[date, Strict()]
AttributeValue = Annotated[str, Strict()] | Annotated[bool, Strict()] | Whole | Number | Day


def _no_negative(value: float) -> float:
    if value < 0:
        raise wrong("must not be negative")
    return value


def _action_id(value: str) -> str:
    if value == NOTHING:
        raise wrong('must not be "nothing": that is the action of doing nothing, and it is always there')
    return value


class ActionTerms(Table):
    """What an action may say about itself; None where it says nothing and the defaults or the file decide."""

    channels: Texts | None = None
    tags: Texts | None = None
    cost: Number | None = None
    """Per contact, in currency."""
    cost_per_conversion: Annotated[Number, AfterValidator(_no_negative)] | None = None
    """Per ``convert`` event of this action, in currency."""
    target: Identifier | None = None
    """The propensity whose probability is worth `value_per_response`, while no contact was ever logged."""
    value_per_response: Number | None = None
    attributes: dict[str, AttributeValue] = Field(default_factory=dict)
    eligible_when: Text | None = None
    """Who may ever have it."""
    applicable_when: Text | None = None
    """When it makes sense, of those who may have it."""
    starts: Day | None = None
    ends: Day | None = None
    """The last day, included."""
    stock: Annotated[Whole, AfterValidator(_no_negative)] | None = None
    lever: Annotated[Number, AfterValidator(_no_negative)] | None = None
    """Multiplies the uplift."""

    def problems(self) -> Iterator[tuple[tuple[str, ...], str]]:
        if self.starts and self.ends and self.ends < self.starts:
            yield ("ends",), f"ends: {self.ends} lies before starts, {self.starts}"


class Action(ActionTerms):
    """``[[action]]``: an entry of the catalogue, or what overrides the file's entry of the same id."""

    id: Annotated[Text, AfterValidator(_action_id)]
    name: Text | None = None


class CatalogueMap(AttributesMap):
    """``[catalogue.map]``: what an action says = SQL expression over one row of the catalogue's file."""

    id: Text
    name: Text | None = None
    channels: Text | None = None
    tags: Text | None = None
    cost: Text | None = None
    cost_per_conversion: Text | None = None
    target: Text | None = None
    value_per_response: Text | None = None
    eligible_when: Text | None = None
    applicable_when: Text | None = None
    starts: Text | None = None
    ends: Text | None = None
    stock: Text | None = None
    lever: Text | None = None

    @property
    def columns(self) -> dict[str, str]:
        """Key of an action → expression, of the keys that are mapped."""
        keys = (key for key in CatalogueMap.model_fields if key != "chosen_attributes")
        return {key: getattr(self, key) for key in keys if getattr(self, key) is not None}


class Catalogue(Table):
    """``[catalogue]``: the actions' file and what holds for all of them."""

    file: Path | None = None
    map: CatalogueMap | None = None
    channel_mode: Literal["one", "all"] = "one"
    """"one": the policy picks one channel; "all": the action goes out on all of them."""
    allow_nothing: Annotated[bool, Strict()] = True
    defaults: ActionTerms = Field(default_factory=ActionTerms)

    def problems(self) -> Iterator[tuple[tuple[str, ...], str]]:
        if self.map is not None and self.file is None:
            yield ("map",), 'map says how to read a file: add file = "...", or list the actions as [[action]]'
        if self.file is not None and self.map is None:
            yield ("file",), "[catalogue.map] is missing: say at least which column is the id"
        for keys, message in self.defaults.problems():
            yield ("defaults", *keys), message
