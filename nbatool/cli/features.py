"""``nbatool features``: what is known about a customer at a time, and what it is for one of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nbatool.base.clock import format_time
from nbatool.base.errors import DataError, did_you_mean
from nbatool.cli.command import as_command
from nbatool.cli.session import Session, current
from nbatool.cli.table import Column, table_text

if TYPE_CHECKING:
    import duckdb

    from nbatool.features.customer import CustomerFeatures, FeatureSet
    from nbatool.features.meanings import Meaning

EXAMPLES = 20
"""Customers looked at for an example of each feature."""


def features(
    context: typer.Context,
    customer: Annotated[
        str | None, typer.Argument(metavar="[CUSTOMER]", help="Show this customer's values.")
    ] = None,
    like: Annotated[
        str | None, typer.Option(metavar="PATTERN", help="Only names with this in them; * is any text.")
    ] = None,
) -> None:
    """List the features: name, kind, meaning, and an example or a customer's own values.

    Those of the model in force, or of the next training where there is none yet. Expressions such as eligible_when may
    use all but the pair features, which are kept for each action, tag and channel.

    Example:  nbatool features --like days_since c004217
    """
    from nbatool.features.meanings import meanings, pair_values

    session = current(context)
    chosen, as_of_us, ids, customers = _computed(session, customer)
    listed = _matching(meanings(chosen), like)
    example = _values(chosen, customers, len(ids))
    result: dict[str, Any] = {"as_of": format_time(as_of_us), "customer_id": customer}
    key = "example" if customer is None else "value"
    result["features"] = [
        {"name": m.name, "kind": m.kind, "meaning": m.meaning, key: example.get(m.name, (None, ""))[0]}
        for m in listed
    ]
    if customer is None:
        session.console.data(result, _table(listed, example, key))
        return
    pairs = pair_values(chosen, customers, 0)
    result["pairs"] = pairs
    own = [m for m in listed if m.name in example]
    tables = [_table(own, example, key) if own else "", _pair_table(pairs, {m.name for m in listed})]
    session.console.data(result, "\n\n".join([f"{customer} at {result['as_of']}", *filter(None, tables)]))


command = as_command(features)


def _computed(session: Session, customer: str | None) -> tuple[FeatureSet, int, list[str], CustomerFeatures]:
    """The features, the present, whose values were computed, and the values."""
    import numpy as np

    from nbatool.features.known import known_ids, require_known
    from nbatool.features.moments import Moments, prepare_moments
    from nbatool.ingest.drain import drain_journal
    from nbatool.profile.present import present_us
    from nbatool.store.warehouse import open_warehouse

    workspace = session.workspace
    if not workspace.warehouse_path.exists():
        raise DataError("nothing is loaded yet. Run: nbatool ingest")
    with session.lock("features"), open_warehouse(workspace) as warehouse:
        drain_journal(workspace, warehouse)
        as_of_us = present_us(warehouse.con, workspace.config, session.as_of_us)
        if customer is None:
            ids = known_ids(warehouse.con, as_of_us)[:EXAMPLES]
        else:
            require_known(warehouse.con, customer, as_of_us)
            ids = [customer]
        chosen = _feature_set(session, warehouse.con, as_of_us)
        moments = Moments(ids, np.full(len(ids), as_of_us, dtype=np.int64))
        return chosen, as_of_us, ids, prepare_moments(warehouse.con, chosen, moments).read(0, len(ids))


def _feature_set(session: Session, con: duckdb.DuckDBPyConnection, as_of_us: int) -> FeatureSet:
    """The features of the model in force, or those the next training would choose."""
    from nbatool.features.choice import choose_features
    from nbatool.ingest.catalogue import load_catalogue
    from nbatool.models import registry
    from nbatool.models.bundle import Bundle

    workspace = session.workspace
    champion = registry.champion(workspace.models_dir)
    if champion is not None:
        return Bundle.from_files(registry.load_files(workspace.models_dir, champion)).features
    return choose_features(con, workspace.config, load_catalogue(workspace.config), as_of_us)


def _values(chosen: FeatureSet, customers: CustomerFeatures, n: int) -> dict[str, tuple[Any, str]]:
    """The values of the one customer, or of each feature the first that is not empty."""
    from nbatool.features.meanings import values_of

    found: dict[str, tuple[Any, str]] = {}
    for row in range(n):
        for name, value in values_of(chosen, customers, row).items():
            if name not in found or not found[name][0]:
                found[name] = value
    return found


def _matching(listed: Sequence[Meaning], like: str | None) -> list[Meaning]:
    """Features with the pattern somewhere in their name; * and % are any text."""
    if like is None:
        return list(listed)
    pattern = re.compile(".*".join(re.escape(part) for part in re.split(r"[*%]", like.lower())))
    found = [m for m in listed if pattern.search(m.name.lower())]
    if not found:
        names = [m.name for m in listed]
        raise DataError(
            f'no feature like "{like}"{did_you_mean(like, names)} (nbatool features lists all {len(names)})'
        )
    return found


def _table(listed: Sequence[Meaning], example: Mapping[str, tuple[Any, str]], key: str) -> str:
    columns = [Column("name"), Column("kind"), Column(key, right=True), Column("meaning", wrap=True)]
    return table_text(
        columns, [(m.name, m.kind, example.get(m.name, (None, ""))[1], m.meaning) for m in listed]
    )


def _pair_table(pairs: Mapping[str, Mapping[str, Mapping[str, Any]]], wanted: set[str]) -> str:
    """What passed between the customer and each action, tag and channel; nothing where nothing did."""
    rows = [
        (dimension, key, name, f"{value:,.4g}")
        for dimension, keys in pairs.items()
        for key, values in keys.items()
        for name, value in values.items()
        if value and name in wanted
    ]
    columns = [Column("pair"), Column("with"), Column("name"), Column("value", right=True)]
    return table_text(columns, rows) if rows else ""
