"""Moments in the warehouse: load them, compute what is known at each, read it in ranges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import US_PER_S, zone_offsets
from nbatool.features.batch import Aggregates, aggregate
from nbatool.features.customer import CustomerFeatures, FeatureSet
from nbatool.features.pairs import Contacts, pair_features
from nbatool.profile.attributes import read_attributes
from nbatool.store.arrow import fetch_arrow
from nbatool.store.sql import statement, template

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


@dataclass(frozen=True)
class Moments:
    """Pairs (customer, as_of), both of shape (n,); their position is the moment's number."""

    customer_id: Sequence[str]
    as_of_us: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.as_of_us)


@dataclass(frozen=True)
class PreparedMoments:
    """Aggregated moments, to be read in ranges so that memory stays bounded."""

    con: duckdb.DuckDBPyConnection
    features: FeatureSet
    moments: Moments
    aggregates: Aggregates

    def read(self, first: int, last: int) -> CustomerFeatures:
        """Return what is known at the moments ``first <= moment < last``."""
        return CustomerFeatures(
            as_of_us=self.moments.as_of_us[first:last],
            numbers=self.features.plan.finish(self.aggregates.read(self.con, first, last)),
            attributes=read_attributes(self.con, self.features.attributes, first, last),
            pairs=pair_features(self.features.pairs, self._contacts(first, last)),
        )

    def chunks(self, size: int) -> Iterator[tuple[int, int, CustomerFeatures]]:
        """Yield (first, last, features) over all moments."""
        for first in range(0, len(self.moments), size):
            last = min(first + size, len(self.moments))
            yield first, last, self.read(first, last)

    def _contacts(self, first: int, last: int) -> Contacts:
        sql = template("features/read_range", table="contacts")
        found = fetch_arrow(self.con, sql, {"first": first, "last": last})
        plan = self.features.pairs
        return Contacts(
            n_moments=last - first,
            moment=found["moment"].to_numpy() - first,
            role=found["role"].to_numpy().astype(np.int64),
            action=_codes(found["action_id"], plan.action_code),
            channel=_codes(found["channel"], plan.channel_code),
            short=found["short"].to_numpy(),
            long=found["long"].to_numpy(),
            last_s=found["last_s"].to_numpy(),
        )


def _codes(column: pa.ChunkedArray, code_of: dict[str, int]) -> NDArray[np.int64]:
    """Codes of a text column; null and unknown are -1."""
    encoded = column.combine_chunks().dictionary_encode()
    code = np.array(
        [code_of.get(value, -1) for value in encoded.dictionary.to_pylist()] + [-1], dtype=np.int64
    )
    at = encoded.indices.fill_null(len(code) - 1).to_numpy(zero_copy_only=False)
    return np.asarray(code[at])


def load_moments(con: duckdb.DuckDBPyConnection, moments: Moments, zone: str) -> None:
    """Fill the temp table ``moments``, with each customer's own zone where one was known before the moment."""
    import pyarrow as pa

    rows = pa.table(
        {
            "moment": pa.array(np.arange(len(moments), dtype=np.int64)),
            "customer_id": pa.array(moments.customer_id, pa.string()),
            "as_of": pa.array(moments.as_of_us, pa.int64()).cast(pa.timestamp("us")),
            "zone": pa.repeat(pa.scalar(zone, pa.string()), len(moments)),
        }
    )
    con.execute(statement("features/create_moments"))
    con.register("moment_rows", rows)
    con.execute(statement("features/insert_moments"))
    con.unregister("moment_rows")
    con.execute(statement("profile/zones"))


def load_zone_offsets(con: duckdb.DuckDBPyConnection, zone: str, until_us: int) -> None:
    """Fill ``zone_offsets`` for the workspace's zone and the customers' own, from the first event on.

    Up to the last instant before ``until_us``, whether anything happened then or not.
    """
    con.execute(statement("features/create_zone_offsets"))
    first_us = con.execute(statement("features/event_span")).fetchall()[0][0]
    if first_us is None:
        return
    last_us = max(first_us, until_us - 1)
    for (name,) in con.execute(statement("features/zones_in_use"), {"zone": zone}).fetchall():
        for first, last, offset_s in zone_offsets(name, first_us, last_us):
            row = {"zone": name, "first": first, "last": last, "offset_s": offset_s}
            con.execute(statement("features/insert_zone_offset"), row)


def prepare_moments(
    con: duckdb.DuckDBPyConnection, features: FeatureSet, moments: Moments
) -> PreparedMoments:
    """Load moments and aggregate their events."""
    plan, pairs = features.plan, features.pairs
    load_moments(con, moments, plan.zone)
    con.execute(statement("features/create_feature_types"), {"types": list(plan.types)})
    if plan.uses_local_time:
        load_zone_offsets(con, plan.zone, int(moments.as_of_us.max(initial=0)))
    types = [(name, role) for role, names in enumerate(pairs.types) for name in names]
    con.execute(
        statement("features/create_pair_types"),
        {"types": [name for name, _ in types], "roles": [role for _, role in types]},
    )
    con.execute(
        statement("features/create_contacts"),
        {"short_us": pairs.short_s * US_PER_S, "long_us": pairs.long_s * US_PER_S},
    )
    return PreparedMoments(con, features, moments, aggregate(con, plan))
