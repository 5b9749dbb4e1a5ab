"""What is known about everybody at one moment, against one query with a FILTER aggregate per column.

The query is what an analyst would write: the attributes and the hour are read once per event in a subquery, hours and
days are UTC (nbatool's are those of the customer's own zone), and there is one aggregate for each of the plan's
aggregates that one level of FILTER can say. Sequences of event types it cannot.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.child import timed
from benchmarks.runs import child, in_turn, spread
from benchmarks.scale import Bench
from benchmarks.table import Row, compared

MOST = 1.0
GROWTH = 4
LINEAR = 1.25
"""Time may grow by so much more than the events before it is called worse than linear."""
CHUNK = 50_000


def measure(bench: Bench) -> list[Row]:
    folders = [bench.shops.loaded(n) for n in (bench.scale.customers // GROWTH, bench.scale.customers)]
    less = in_turn({"ours": lambda: child("features:ours", folder=str(folders[0]))}, bench.scale.times)[
        "ours"
    ]
    sides = {
        "bare": lambda: child("features:hand_written", folder=str(folders[1])),
        "ours": lambda: child("features:ours", folder=str(folders[1])),
    }
    found = in_turn(sides, bench.scale.times)
    ours, bare = found["ours"], found["bare"]
    what = f"{ours.first('columns')} features of {ours.first('customers'):,} customers, {ours.first('events'):,} events"
    growth = ours.first("events") / less.first("events")
    slower = [a / b for a, b in zip(ours.values(), less.values(), strict=True)]
    return [
        compared("features", what, ours, bare, MOST),
        Row(
            "features", f"the same with {less.first('events'):,} events", spread(less.values()) + " s", less.peak_mb,
            ratio=f"{spread(slower)} for {growth:.1f} × the events", mark="linear in events",
            met=ours.seconds / less.seconds <= growth * LINEAR,
        ),
    ]  # fmt: skip


def ours(folder: str) -> dict[str, Any]:
    """Choose the features as training does, then compute them all; only computing is timed."""
    from nbatool.features.moments import prepare_moments
    from nbatool.store.warehouse import open_warehouse
    from nbatool.store.workspace import open_workspace

    workspace, result = open_workspace(Path(folder)), dict[str, Any]()
    with open_warehouse(workspace) as warehouse:
        features, moments = chosen(warehouse.con, workspace)
        with timed(result):
            prepared = prepare_moments(warehouse.con, features, moments)
            for _ in prepared.chunks(CHUNK):
                pass
        events = warehouse.con.execute("select count(*) from events").fetchall()[0][0]
    columns = len(features.plan.names) + len(features.attributes)
    return {**result, "columns": columns, "customers": len(moments), "events": events}


def chosen(con: Any, workspace: Any) -> tuple[Any, Any]:
    """Return the features training would choose, and everybody known now as moments."""
    import numpy as np

    from nbatool.features.choice import as_timestamp, choose_features
    from nbatool.features.moments import Moments
    from nbatool.ingest.catalogue import load_catalogue
    from nbatool.profile.present import present_us
    from nbatool.store.sql import statement

    as_of = present_us(con, workspace.config, None)
    features = choose_features(con, workspace.config, load_catalogue(workspace.config), as_of)
    rows = con.execute(statement("profile/known_customers"), {"as_of": as_timestamp(as_of)}).fetchall()
    ids = sorted(row[0] for row in rows)
    return features, Moments(ids, np.full(len(ids), as_of, dtype=np.int64))


def hand_written(folder: str) -> dict[str, Any]:
    from nbatool.store.warehouse import open_warehouse
    from nbatool.store.workspace import open_workspace

    workspace, result = open_workspace(Path(folder)), dict[str, Any]()
    with open_warehouse(workspace) as warehouse:
        features, moments = chosen(warehouse.con, workspace)
        query = query_of(features.plan, int(moments.as_of_us[0]))
        with timed(result):
            found = warehouse.con.sql(query).to_arrow_table()
    return {**result, "columns": found.num_columns - 1}


def query_of(plan: Any, as_of_us: int) -> str:
    """Return the one query an analyst would write for the plan's aggregates at one moment."""
    as_of = f"make_timestamp({as_of_us})"
    columns = [
        f"{sql} as s{j}"
        for j, slot in enumerate(plan.slots)
        if (sql := aggregate_of(slot, as_of)) is not None
    ]
    read = [
        f"attributes ->> {quoted(name)} as {name}"
        for name in plan.text_fields
        if name not in ("action_id", "channel")
    ]
    if plan.uses_local_time:
        read += [
            "['night', 'morning', 'afternoon', 'evening'][hour(ts) // 6 + 1] as daypart",
            "isodow(ts)::varchar as weekday",
        ]
    rows = ", ".join(["source_id", "type", "ts", "value", "action_id", "channel", *read])
    return f"select source_id, {', '.join(columns)} from (select {rows} from events where ts < {as_of}) group by source_id"


def aggregate_of(slot: Any, as_of: str) -> str | None:
    """Return one FILTER aggregate, None for what one cannot say."""
    conditions = []
    if slot.series.types:
        conditions += [f"type in ({', '.join(map(quoted, slot.series.types))})"]
    if slot.within_s:
        conditions += [f"ts >= {as_of} - interval {slot.within_s} seconds"]
    conditions += [f"{name} = {quoted(value)}" for name, value in slot.series.where]
    among = f" filter (where {' and '.join(conditions)})" if conditions else ""
    return {
        "count": f"count({slot.field or '*'}){among}",
        "sum": f"sum({slot.field}){among}",
        "sum_of_squares": f"sum({slot.field} * {slot.field}){among}",
        "max": f"max({slot.field}){among}",
        "first": f"date_diff('second', min(ts){among}, {as_of})",
        "last": f"date_diff('second', max(ts){among}, {as_of})",
        "distinct": f"count(distinct {slot.field}){among}",
    }.get(slot.fn)


def quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
