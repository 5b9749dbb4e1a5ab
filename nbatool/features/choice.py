"""Choosing the features of a workspace: its own, the defaults its data suggest, attributes and pairs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from nbatool.base.clock import US_PER_S
from nbatool.base.records import Action
from nbatool.features.configured import configured_features
from nbatool.features.customer import FeatureSet
from nbatool.features.defaults import MOST_VALUES, EventType, default_features, default_windows
from nbatool.features.kinds import KINDS
from nbatool.features.pairs import PairPlan
from nbatool.features.plan import FeaturePlan, merge
from nbatool.features.schedule import training_times
from nbatool.profile.attributes import Attribute
from nbatool.store.sql import json_key, statement, template

if TYPE_CHECKING:
    import duckdb

    from nbatool.base.config import Config

EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)
ID_SHARE = 0.5
"""A text field with more different values per event than this is an id, not a habit."""


def as_timestamp(time_us: int) -> datetime:
    """The naive UTC time DuckDB compares its TIMESTAMP columns with."""
    return EPOCH + timedelta(microseconds=time_us)


def choose_features(
    con: duckdb.DuckDBPyConnection, config: Config, actions: Sequence[Action], as_of_us: int
) -> FeatureSet:
    """Return the features of a workspace from what was loaded before ``as_of_us``."""
    types = event_types(con, as_of_us)
    asked_s = {t.within for t in config.targets} | {o.within for o in config.objectives}
    history_s = _history_s(con, as_of_us, max(asked_s, default=0))
    windows_s = default_windows(asked_s, history_s)
    roles = dict(config.roles.items())
    features = merge((*configured_features(config), *default_features(roles, types, windows_s, history_s)))
    pairs = _pairs(config, actions, windows_s)
    used = {name for f in features for s in KINDS[f.kind].slots(f) for name in s.series.types}
    known = tuple(sorted({t.name for t in types} | used | {name for names in pairs.types for name in names}))
    plan = FeaturePlan(features, known, config.workspace.timezone, ("action_id", "channel"))
    return FeatureSet(plan, customer_attributes(con, as_of_us), pairs)


def event_types(con: duckdb.DuckDBPyConnection, as_of_us: int) -> tuple[EventType, ...]:
    """Describe the event types loaded before a moment."""
    as_of = as_timestamp(as_of_us)
    rows = con.execute(statement("features/event_types"), {"as_of": as_of}).fetchall()
    text = [name for name, kind in _seen(con, "events") if kind == "text"]
    values: dict[str, dict[str, tuple[str, ...]]] = {}
    distinct: dict[str, list[str]] = {}
    for name in ("channel", "action_id", *text):
        for type_name, found, different, total in _field_values(con, name, as_of):
            if different <= MOST_VALUES and name != "action_id":
                values.setdefault(type_name, {})[name] = found
            elif different <= ID_SHARE * total:
                distinct.setdefault(type_name, []).append(name)
    return tuple(
        EventType(name, n, valued > 0, timed > 0, values.get(name, {}), tuple(distinct.get(name, ())))
        for name, n, valued, timed in rows
    )


def _field_values(
    con: duckdb.DuckDBPyConnection, name: str, as_of: datetime
) -> list[tuple[str, tuple[str, ...], int, int]]:
    parameters: dict[str, Any] = {"as_of": as_of, "most": MOST_VALUES}
    column = name in ("channel", "action_id")
    if not column:
        parameters["field"] = json_key(name)
    sql = template("features/field_values", field=name if column else "attributes ->> $field")
    by_type: dict[str, list[tuple[str, int, int]]] = {}
    for type_name, value, _, different, total in con.execute(sql, parameters).fetchall():
        by_type.setdefault(type_name, []).append((value, different, int(total)))
    return [
        (t, tuple(sorted(v for v, _, _ in found)), found[0][1], found[0][2]) for t, found in by_type.items()
    ]


def customer_attributes(con: duckdb.DuckDBPyConnection, as_of_us: int) -> tuple[Attribute, ...]:
    """The customer attributes of which a value was known before a moment; nested JSON is no feature."""
    seen = [(name, kind) for name, kind in _seen(con, "customers") if kind != "json"]
    if not seen:
        return ()
    known = ", ".join(f"bool_or(attributes ->> $a{k} is not null)" for k in range(len(seen)))
    names = {f"a{k}": json_key(name) for k, (name, _) in enumerate(seen)}
    sql = template("features/attributes_known", known=known)
    row = con.execute(sql, {**names, "as_of": as_timestamp(as_of_us)}).fetchall()[0]
    return tuple(Attribute(name, kind) for (name, kind), is_known in zip(seen, row, strict=True) if is_known)  # type: ignore[arg-type]


def _seen(con: duckdb.DuckDBPyConnection, kind: str) -> list[tuple[str, str]]:
    return con.execute(statement("features/attributes_seen"), {"kind": kind}).fetchall()


def _history_s(con: duckdb.DuckDBPyConnection, as_of_us: int, within_s: int) -> int:
    """Seconds of history before the earliest training moment."""
    first_us = con.execute(statement("features/event_span")).fetchall()[0][0]
    if first_us is None:
        return 0
    times = training_times(first_us, as_of_us, within_s) if within_s else (as_of_us,)
    return int(((times[0] if times else as_of_us) - first_us) // US_PER_S)


def _pairs(config: Config, actions: Sequence[Action], windows_s: tuple[int, ...]) -> PairPlan:
    tags = tuple(sorted({tag for action in actions for tag in action.tags}))
    channels = tuple(sorted({channel for action in actions for channel in action.channels}))
    roles = config.roles
    ids = tuple(sorted(action.id for action in actions))
    by_id = {action.id: action for action in actions}
    tags_of = tuple(tuple(tags.index(tag) for tag in by_id[action_id].tags) for action_id in ids)
    return PairPlan(
        (roles.contact, roles.engage, roles.convert),
        ids,
        channels,
        tags,
        tags_of,
        windows_s[0],
        windows_s[-1],
    )
