"""What the published state says about each customer: the events of the longest window, packed, and the rest added up.

`StateTables` makes the rows in DuckDB once; `bodies` turns a range of customers into the bytes a live decision
reads, `read_body` is its inverse.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import US_PER_S
from nbatool.base.errors import DataError
from nbatool.decide.contact_rules import PastContacts
from nbatool.features.customer import FeatureSet
from nbatool.features.event_sql import (
    COLUMN_FIELDS,
    LOCAL_HOUR_OF_WEEK,
    LOCAL_JOIN,
    attribute_number,
    stored_text,
)
from nbatool.features.events import NO_CODE, NO_NUMBER, OlderEvents, event_dtype
from nbatool.features.live_customer import CustomerState
from nbatool.profile.consent import Marks
from nbatool.store.contact import ContactKind
from nbatool.store.sql import json_key

if TYPE_CHECKING:
    import duckdb

    from nbatool.decide.circumstances import NightCircumstances

Codes = dict[str, dict[str, int]]
_Contacts = list[tuple[int, int]]
Told = tuple[_Contacts, _Contacts, list[int]]
"""What guardrails look at: contacts of the contact log, those of others, (at_us, kind) each, and suppressed offers."""

MOST_UNITS = 9 * 10**18
"""Where a total of older events stops, in 1e-4: a thousand times what a sum may be, and as much as 64 bits hold."""


@dataclass(frozen=True)
class StateTables:
    """Temp tables ``recent_events`` and ``older_events`` of the moments at the cut, and the codes of texts."""

    con: duckdb.DuckDBPyConnection
    features: FeatureSet
    codes: Codes

    def read(self, first: int, last: int) -> tuple[list[NDArray[Any]], list[list[list[Any]]]]:
        """Return, per moment of the range, its packed events and its rows of older events."""
        return self._events(first, last), self._older(first, last)

    def _events(self, first: int, last: int) -> list[NDArray[Any]]:
        from nbatool.store.arrow import fetch_arrow
        from nbatool.store.sql import template

        sql = template("features/read_range", table="recent_events")
        found = fetch_arrow(self.con, sql, {"first": first, "last": last})
        moment = found.column(0).to_numpy()
        packed = np.empty(len(moment), event_dtype(self.features.plan))
        for k, name in enumerate(packed.dtype.names or (), start=1):
            null = NO_NUMBER if name.startswith("n") else NO_CODE
            packed[name] = found.column(k).fill_null(null).to_numpy()
        order = np.lexsort((packed["ts"], moment))
        packed, moment = packed[order], moment[order]
        edges = np.searchsorted(moment, np.arange(first, last + 1))
        return [packed[a:b] for a, b in pairwise(edges)]

    def _older(self, first: int, last: int) -> list[list[list[Any]]]:
        from nbatool.store.arrow import fetch_arrow
        from nbatool.store.sql import template

        sql = template("features/read_range", table="older_events")
        found = fetch_arrow(self.con, sql, {"first": first, "last": last})
        rows: list[list[list[Any]]] = [[] for _ in range(last - first)]
        columns = [found.column(k).to_pylist() for k in range(found.num_columns)]
        for row in zip(*columns, strict=True):
            rows[row[0] - first].append(list(row[1:]))
        return rows


def make_state_tables(con: duckdb.DuckDBPyConnection, features: FeatureSet, as_of_us: int) -> StateTables:
    """Make the tables for the moments now in ``moments``, all at ``as_of_us`` (call `prepare_moments` before)."""
    import pyarrow as pa

    from nbatool.features.choice import as_timestamp
    from nbatool.store.arrow import fetch_arrow
    from nbatool.store.sql import statement, template

    plan = features.plan
    from_ts = as_timestamp(as_of_us - features.longest_window_s * US_PER_S)
    window: dict[str, Any] = {"from_ts": from_ts, "as_of": as_timestamp(as_of_us)}
    codes: Codes = {}
    for name in plan.text_fields:
        sql = template("decide/field_texts", field=stored_text(name, "$field"))
        key = {} if name in COLUMN_FIELDS else {"field": json_key(name)}
        found = fetch_arrow(con, sql, {**window, **key})
        codes[name] = {value: code for code, value in enumerate(found.column(0).to_pylist())}
    rows = [(json_key(name), value, code) for name, known in codes.items() for value, code in known.items()]
    con.register("code_rows", pa.table({
        "field": pa.array([r[0] for r in rows], pa.string()),
        "value": pa.array([r[1] for r in rows], pa.string()),
        "code": pa.array([r[2] for r in rows], pa.int32()),
    }))  # fmt: skip
    con.execute(statement("decide/create_text_codes"))
    con.unregister("code_rows")

    parameters: dict[str, Any] = {"from_ts": from_ts}
    numbers = [_number(name, parameters) for name in plan.number_fields]
    columns = [f"{LOCAL_HOUR_OF_WEEK} as hour" if plan.uses_local_time else "0 as hour"]
    columns += [
        f"cast(cast({sql} as decimal(22, 4)) * 10000 as bigint) as n{k}" for k, sql in enumerate(numbers)
    ]
    joins = [LOCAL_JOIN] if plan.uses_local_time else []
    texts: dict[str, Any] = {}
    for k, name in enumerate(plan.text_fields):
        texts[f"k{k}"] = json_key(name)
        value = stored_text(name, f"$k{k}")
        joins.append(f"left join text_codes as x{k} on x{k}.field = $k{k} and x{k}.value = {value}")
        columns.append(f"x{k}.code as t{k}")
    sql = template("decide/create_recent_events", columns=", ".join(columns), joins=" ".join(joins))
    con.execute(sql, {**parameters, **texts})
    exact = [f"cast({sql} as decimal(22, 4)) * 10000" for sql in numbers]
    older = "".join(
        f", cast(greatest(least(coalesce(sum({v}), 0), {MOST_UNITS}), -{MOST_UNITS}) as bigint) as total{k},"
        f" cast(coalesce(max({v}), 0) as bigint) as most{k}, count({v}) as known{k}"
        for k, v in enumerate(exact)
    )
    con.execute(template("decide/create_older_events", columns=older), parameters)
    return StateTables(con, features, codes)


def _number(name: str, parameters: dict[str, Any]) -> str:
    if name == "value":
        return "e.value"
    key = f"f{len(parameters)}"
    parameters[key] = json_key(name)
    return attribute_number(f"${key}")


_encode = msgspec.msgpack.Encoder().encode


def bodies(
    tables: StateTables,
    first: int,
    last: int,
    customer_ids: Sequence[str],
    attributes: dict[str, NDArray[Any]],
    zones: Sequence[str | None],
    scores: dict[str, NDArray[Any]],
    consent: Sequence[Marks],
    told: Sequence[Told],
) -> Iterator[tuple[str, bytes]]:
    """Yield (customer_id, body) of the customers ``first <= moment < last``.

    `customer_ids` and `zones` are of everybody, the other columns of the range alone.
    """
    events, older = tables.read(first, last)
    attribute_rows = _rows(attributes, last - first)
    score_rows = _rows(scores, last - first)
    for k in range(last - first):
        known = (attribute_rows[k], zones[first + k], score_rows[k], consent[k], *told[k])
        body = (events[k].tobytes(), older[k], *known)
        yield customer_ids[first + k], _encode(body)


def told_rows(told: NightCircumstances, kinds: Sequence[ContactKind], first: int, last: int) -> list[Told]:
    """Return what guardrails looked at of the customers ``first <= moment < last``; contacts name their place in ``kinds``."""
    place = {kind: k for k, kind in enumerate(kinds)}
    own, others = (
        _contacts_of(part.of_rows(first, last), place, last - first) for part in (told.own, told.others)
    )
    forbidden = told.suppressed(first, last)
    suppressed = (
        [[]] * (last - first) if forbidden is None else [np.flatnonzero(row).tolist() for row in forbidden]
    )
    return list(zip(own, others, suppressed, strict=True))


def _contacts_of(past: PastContacts, place: Mapping[ContactKind, int], n: int) -> list[_Contacts]:
    found: list[_Contacts] = [[] for _ in range(n)]
    places = [place[kind] for kind in past.kinds]
    for row, at_us, kind in zip(past.row.tolist(), past.at_us.tolist(), past.kind.tolist(), strict=True):
        found[row].append((at_us, places[kind]))
    return found


def _rows(columns: dict[str, NDArray[Any]], n: int) -> list[tuple[Any, ...]]:
    """Values row by row, NaN as None."""
    lists = [_plain(values) for values in columns.values()]
    return list(zip(*lists, strict=True)) if lists else [()] * n


def _plain(values: NDArray[Any]) -> list[Any]:
    if values.dtype.kind == "f":
        return [None if v != v else v for v in values.tolist()]
    return list(values.tolist())


_Body = tuple[
    bytes, list[list[int]], list[Any], str | None, list[Any], dict[str, int], _Contacts, _Contacts, list[int]
]
_decode = msgspec.msgpack.Decoder(_Body).decode


def read_body(features: FeatureSet, score_names: Sequence[str], body: bytes) -> CustomerState:
    """Read what `bodies` wrote.

    Raises
    ------
    DataError
        The bytes are something else.
    """
    try:
        raw, older, attributes, zone, scores, consent, own, others, suppressed = _decode(body)
    except msgspec.DecodeError:
        raise DataError(
            "the published state of this customer is damaged. Publish again: nbatool score"
        ) from None
    names = [a.name for a in features.attributes]
    return CustomerState(
        events=np.frombuffer(raw, event_dtype(features.plan)),
        older=_older_events(features, older),
        attributes=dict(zip(names, attributes, strict=True)),
        zone=zone,
        scores=dict(zip(score_names, scores, strict=True)),
        consent=consent,
        own=own,
        others=others,
        suppressed=suppressed,
    )


def _older_events(features: FeatureSet, rows: list[list[int]]) -> OlderEvents:
    result = OlderEvents.none(features.plan)
    for code, count, first_us, last_us, *numbers in rows:
        result.count[code], result.first[code], result.last[code] = count, first_us, last_us
        if numbers:
            result.total[code], result.most[code], result.known[code] = (
                numbers[0::3], numbers[1::3], numbers[2::3],
            )  # fmt: skip
    return result
