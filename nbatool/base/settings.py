"""nba.toml as one typed declaration: the loader, its checks and the JSON schema all come from here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, WithJsonSchema

from nbatool.base.action_settings import Action, Catalogue
from nbatool.base.clock import DAY_S, format_duration, parse_time
from nbatool.base.errors import Problem
from nbatool.base.guardrail_settings import Guardrails
from nbatool.base.learning_settings import Evaluate, Experiment, Exploration, Learning, Promotion
from nbatool.base.records import LIFETIME_VALUE
from nbatool.base.setting_types import (
    Duration,
    Flag,
    Identifier,
    Number,
    Table,
    Text,
    Texts,
    Whole,
    Zone,
    kind_of,
    shown,
    wrong,
)
from nbatool.base.source_settings import Source
from nbatool.base.toml_lines import KeyPath

Found = Iterator[tuple[tuple[str, ...], str]]
"""Problems between the keys of one table: (keys below the table, message)."""


def _currency(value: str) -> str:
    if not (len(value) == 3 and value.isascii() and value.isalpha() and value.isupper()):
        raise wrong(f'{shown(value)} must be a currency\'s three letters, such as "USD"')
    return value


def _as_of(value: object) -> str:
    if hasattr(value, "isoformat"):
        value = str(value.isoformat())
    if not isinstance(value, str):
        raise wrong(f'must be "now", "newest" or a time, not {kind_of(value)}')
    if value not in ("now", "newest"):
        try:
            parse_time(value)
        except ValueError:
            raise wrong(
                f'{shown(value)} must be "now", "newest" or a time such as 2018-08-25T18:00:00Z'
            ) from None
    return value


class Workspace(Table):
    """``[workspace]``: money, days, and the present."""

    currency: Annotated[Text, AfterValidator(_currency)] = "USD"
    timezone: Zone = "UTC"
    """The zone of dates and days, where the customer's own is not known."""
    as_of: Annotated[str, BeforeValidator(_as_of), WithJsonSchema({"type": "string"})] = "now"
    """"now", "newest" (just after the newest record) or a time."""
    fresh_within: Duration = "2d"  # type: ignore[assignment]  # validated: the text becomes seconds


ROLES: Final = ("purchase", "contact", "engage", "convert", "unsubscribe")


class Roles(Table):
    """``[roles]``: what event types mean; role → types."""

    purchase: Texts = ()
    contact: Texts = ()
    """We acted: becomes a decision of the log where none is given."""
    engage: Texts = ()
    convert: Texts = ()
    unsubscribe: Texts = ()

    def __getitem__(self, role: str) -> tuple[str, ...]:
        if role not in ROLES:
            raise KeyError(role)
        types: tuple[str, ...] = getattr(self, role)
        return types

    def items(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield (role, types), of the roles that have types."""
        yield from ((role, self[role]) for role in ROLES if self[role])


class Objective(Table):
    """``[[objective]]``: what a good result is; several add up, in currency."""

    name: Identifier
    event: Text | None = None
    """None: outcomes of this name arrive with the decisions; of lifetime value, every purchase counts."""
    measure: Literal["any", "count", "sum", "lifetime_value"] = "sum"
    within: Duration
    match_action: Flag = False
    """True: only events carrying the decision's action_id."""
    clip_event: Annotated[Number, Field(gt=0)] | None = None
    clip_outcome: Annotated[Number, Field(gt=0)] | None = None
    weight: Number = 1.0
    """Negative for a loss."""
    unsubscribe_cost: Annotated[Number, Field(ge=0)] = 0.0
    """What an unsubscription within the window costs."""

    @property
    def by_events(self) -> bool:
        """Whether events say what it amounts to; else its outcomes are posted."""
        return self.event is not None or self.measure == LIFETIME_VALUE

    def problems(self) -> Found:
        if self.measure == LIFETIME_VALUE:
            yield from self._lifetime_problems()
        elif self.event is None and self.match_action:
            yield ("match_action",), 'match_action is about events: add event = "..."'
        if self.measure != LIFETIME_VALUE and "unsubscribe_cost" in self.model_fields_set:
            yield ("unsubscribe_cost",), f'unsubscribe_cost belongs to measure = "{LIFETIME_VALUE}"'
        if self.clip_event is not None and self.measure in {"any", "count"}:
            yield ("clip_event",), f'clip_event limits sums; measure = "{self.measure}" adds up no values'

    def _lifetime_problems(self) -> Found:
        if self.match_action:
            yield (
                ("match_action",),
                "match_action: a lifetime value is of the customer, whatever the action; remove it",
            )
        if self.clip_outcome is not None:
            yield (
                ("clip_outcome",),
                "clip_outcome: a lifetime value has losses beside its money; limit each purchase by clip_event",
            )


class Target(Table):
    """``[[target]]``: a propensity, the probability that an event happens (or does not) within a window."""

    name: Identifier
    event: Text
    within: Duration
    happens: Flag = True


FeatureKind = Literal[
    "count", "sum", "mean", "spread", "max", "distinct", "share", "recency", "tenure", "gap", "streak", "rate",
    "sequence", "hour_profile", "weekday_profile",
]  # fmt: skip


class Feature(Table):
    """``[[feature]]``: one of your own beside the default ones."""

    name: Identifier
    kind: FeatureKind
    type: Texts = ()
    """Event types; none (and no role): every event."""
    role: Literal["purchase", "contact", "engage", "convert", "unsubscribe"] | None = None
    within: Duration | None = None
    of: Text | None = None
    """"value", "action_id", "channel" or an attribute's name."""
    where: dict[str, Text] = Field(default_factory=dict)
    """Attribute, channel or action_id = the text it must have."""
    long_within: Duration | None = None
    k: Annotated[Whole, Field(ge=1, le=50)] | None = None

    def problems(self) -> Found:
        if self.type and self.role is not None:
            yield ("role",), "say type or role, not both"
        if self.kind == "rate":
            for key in ("within", "long_within"):
                if getattr(self, key) is None:
                    yield (
                        (key,),
                        f'"{key}" is missing: a rate compares a short window (within) with long_within',
                    )
            if self.within and self.long_within and self.within >= self.long_within:
                yield ("long_within",), "long_within must be longer than within"
        elif self.long_within is not None:
            yield ("long_within",), f'long_within belongs to kind = "rate", not "{self.kind}"'
        if self.k is not None and self.kind != "sequence":
            yield ("k",), f'k belongs to kind = "sequence", not "{self.kind}"'
        if self.kind == "distinct" and self.of is None:
            yield ("of",), '"of" is missing: distinct what? (action_id, channel or an attribute)'


class Clv(Table):
    """``[clv]``: lifetime value."""

    horizon: Duration = "365d"  # type: ignore[assignment]  # validated: the text becomes seconds
    discount_per_year: Annotated[Number, Field(ge=0)] = 0.10
    margin: Annotated[Number, Field(gt=0)] = 1.0
    grain: Duration = "1d"  # type: ignore[assignment]  # validated: the text becomes seconds
    """Purchases of one grain are one."""
    model: Literal["auto", "bg_nbd", "mbg_nbd", "pareto_nbd"] = "auto"

    def problems(self) -> Found:
        """Yield what is wrong, as for :meth:`Objective.problems`."""
        if self.grain % DAY_S:
            yield ("grain",), f"grain: {format_duration(self.grain)} must be whole days, such as 1d or 7d"


class Config(Table):
    """A whole nba.toml."""

    workspace: Workspace = Field(default_factory=Workspace)
    sources: tuple[Source, ...] = Field(default=(), alias="source")
    roles: Roles = Field(default_factory=Roles)
    objectives: tuple[Objective, ...] = Field(default=(), alias="objective")
    targets: tuple[Target, ...] = Field(default=(), alias="target")
    features: tuple[Feature, ...] = Field(default=(), alias="feature")
    clv: Clv = Field(default_factory=Clv)
    catalogue: Catalogue = Field(default_factory=Catalogue)
    actions: tuple[Action, ...] = Field(default=(), alias="action")
    exploration: Exploration | None = None
    """None: the best candidate is always chosen."""
    experiment: Experiment = Field(default_factory=Experiment)
    evaluate: Evaluate = Field(default_factory=Evaluate)
    promotion: Promotion | None = None
    """None: every newly trained version takes over."""
    learning: Learning = Field(default_factory=Learning)
    guardrails: Guardrails = Field(default_factory=Guardrails)

    _path: Path = PrivateAttr(default=Path("nba.toml"))
    _lines: dict[KeyPath, int] = PrivateAttr(default_factory=dict)

    @property
    def path(self) -> Path:
        """The file this configuration was read from."""
        return self._path

    def source(self, name: str) -> Source | None:
        """Return the source of that name."""
        return next((source for source in self.sources if source.name == name), None)

    def line_of(self, *keys: str | int) -> int | None:
        """Return the line of a key as the file writes it; a table of an array may be called by name or id.

        ``config.line_of("source", "transcript", "map", "ts")``. A key that is not there has its table's line.
        """
        return nearest_line(self._lines, self._numbered(keys))

    def problem(self, message: str, *keys: str | int) -> Problem:
        """Return a problem of this file at a key, to be raised in a ConfigError."""
        return Problem(message, shown_path(self._path), self.line_of(*keys))

    def at(self, path: Path, lines: dict[KeyPath, int]) -> Config:
        """Return this configuration as read from a file whose keys stand on these lines."""
        copy = self.model_copy()
        copy._path, copy._lines = path, lines  # noqa: SLF001 - a copy of its own kind
        return copy

    def _numbered(self, keys: tuple[str | int, ...]) -> KeyPath:
        if len(keys) < 2 or not isinstance(keys[1], str):
            return keys
        tables: dict[str, tuple[Any, ...]] = {
            "source": self.sources,
            "objective": self.objectives,
            "target": self.targets,
            "feature": self.features,
            "action": self.actions,
        }
        names = [getattr(table, "name", None) for table in tables.get(str(keys[0]), ())]
        if keys[0] == "action":
            names = [action.id for action in self.actions]
        return (keys[0], names.index(keys[1]), *keys[2:]) if keys[1] in names else keys


def nearest_line(lines: dict[KeyPath, int], keys: KeyPath) -> int | None:
    """Return the line of the longest part of `keys` that the file has."""
    for length in range(len(keys), 0, -1):
        if keys[:length] in lines:
            return lines[keys[:length]]
    return None


def shown_path(path: Path) -> str:
    """Return a path as a user would type it from here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)
