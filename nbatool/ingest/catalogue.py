"""The catalogue: the actions of its file, of ``[[action]]`` and of the defaults, put together and checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from nbatool.base import clock
from nbatool.base.action_settings import Action as ActionTable
from nbatool.base.action_settings import ActionTerms
from nbatool.base.config import Config
from nbatool.base.errors import ConfigError, Problem
from nbatool.base.records import Action

_PLAIN: Final = (
    "channels", "tags", "cost", "cost_per_conversion", "target", "value_per_response", "eligible_when", "applicable_when",
    "stock", "lever",
)  # fmt: skip

AttributeValue = float | str | bool | None


@dataclass
class _Draft:
    """An action while it is put together: what was said about it, by key."""

    id: str
    place: str | None
    """Its row in the file; None where only nba.toml knows it."""
    terms: dict[str, Any]
    attributes: dict[str, AttributeValue] = field(default_factory=dict)


def load_catalogue(config: Config) -> tuple[Action, ...]:
    """Return every action that can be done, by id.

    The rows of ``[catalogue].file`` come first, ``[catalogue].defaults`` fill what they leave open, and ``[[action]]``
    adds actions or overrides them key by key (attributes name by name). Empty where the configuration names no action.

    Raises
    ------
    ConfigError
        The map does not fit the file, or actions are incomplete or contradict themselves; all problems at once.
    DataError
        The file is missing, empty or wrong; all faults of its rows at once.
    """
    drafts = {draft.id: draft for draft in _of_file(config)}
    for table in config.actions:
        drafts.setdefault(table.id, _Draft(table.id, None, {"id": table.id}))
    defaults = config.catalogue.defaults
    for draft in drafts.values():
        draft.terms = {**_said(defaults), **draft.terms}
        for name, value in _attributes(defaults).items():
            if draft.attributes.get(name) is None:
                draft.attributes[name] = value
    for table in config.actions:
        draft = drafts[table.id]
        draft.terms |= _said(table)
        draft.attributes |= _attributes(table)
    problems = [problem for draft in drafts.values() for problem in _problems(config, draft)]
    if problems:
        raise ConfigError(problems)
    return tuple(_action(drafts[id_], config.workspace.timezone) for id_ in sorted(drafts))


def _of_file(config: Config) -> list[_Draft]:
    catalogue = config.catalogue
    if catalogue.file is None or catalogue.map is None:
        return []
    from nbatool.ingest.catalogue_file import catalogue_rows

    rows = catalogue_rows(config, catalogue.file, catalogue.map)
    return [_Draft(row.id, row.place, dict(row.terms), dict(row.attributes)) for row in rows]


def _said(terms: ActionTerms) -> dict[str, Any]:
    """Return the keys a table gives; lists with each text once."""
    keys = [key for key in (*_PLAIN, "starts", "ends") if getattr(terms, key) is not None]
    said = {key: getattr(terms, key) for key in keys}
    said |= {key: tuple(dict.fromkeys(said[key])) for key in ("channels", "tags") if key in said}
    if isinstance(terms, ActionTable) and terms.name is not None:
        said["name"] = terms.name
    return said


def _attributes(terms: ActionTerms) -> dict[str, AttributeValue]:
    return {name: _attribute(value) for name, value in terms.attributes.items()}


def _attribute(value: str | bool | float | date) -> AttributeValue:
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, bool | str) else float(value)


def _problems(config: Config, draft: _Draft) -> Iterator[Problem]:
    """Yield what makes an action incomplete or contradictory."""
    terms = draft.terms
    if not terms.get("channels"):
        yield _problem(
            config, draft, "channels", 'no channel; add  channels = ["email"]  or map a column to channels'
        )
    target = terms.get("target")
    known = [table.name for table in config.targets]
    if target is not None and target not in known:
        listed = f"known: {', '.join(known)}" if known else "there is none"
        yield _problem(config, draft, "target", f'no [[target]] is called "{target}" ({listed})')
    if target is None and terms.get("value_per_response") is not None:
        wanted = f'add  target = "{known[0] if known else "purchase_30d"}"'
        yield _problem(
            config, draft, "value_per_response", f"value_per_response needs the response it is for; {wanted}"
        )
    starts, ends = terms.get("starts"), terms.get("ends")
    if starts is not None and ends is not None and ends < starts:
        yield _problem(config, draft, "ends", f"ends {ends} lies before starts, {starts}")


def _problem(config: Config, draft: _Draft, key: str, message: str) -> Problem:
    """Return a problem at the [[action]] that names it, else where the catalogue's map or file is named."""
    if any(table.id == draft.id for table in config.actions):
        where: tuple[str, ...] = ("action", draft.id, key)
    elif key in (config.catalogue.map.columns if config.catalogue.map else ()):
        where = ("catalogue", "map", key)
    else:
        where = ("catalogue", "file")
    label = f'[[action]] "{draft.id}"' if draft.place is None else f'action "{draft.id}" ({draft.place})'
    return config.problem(f"{label}: {message}", *where)


def _action(draft: _Draft, zone: str) -> Action:
    terms = draft.terms
    starts, ends = terms.get("starts"), terms.get("ends")
    return Action(
        id=draft.id,
        name=terms.get("name") or draft.id,
        **{key: terms[key] for key in _PLAIN if key in terms},
        attributes=dict(sorted(draft.attributes.items())),
        starts_us=None if starts is None else clock.day_start(starts, zone),
        ends_us=None if ends is None else _day_after(ends, zone),
    )


def _day_after(day: date, zone: str) -> int | None:
    """Return the first instant after a day; None after the last day there is."""
    return clock.day_start(day + timedelta(days=1), zone) if day < date.max else None
