"""What customers had bought by the end of a window after each moment, with and without the purchases inside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import US_PER_S
from nbatool.features.moments import load_zone_offsets
from nbatool.models.clv.history import net_purchases, read_purchases
from nbatool.models.clv.model import ClvModel
from nbatool.models.clv.purchases import Floats, Ints, Purchases
from nbatool.models.clv.settings import ClvSettings
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class AtWindowEnd:
    """Purchases by the end of each window, as they were and without those inside.

    Parameters
    ----------
    purchases
        A row per history with a purchase.
    moment
        int64[n_rows]: the moment of each.
    inside
        bool[n_rows]: whether the purchases inside the window are in it.
    """

    purchases: Purchases
    moment: Ints
    inside: NDArray[np.bool_]

    def values(self, model: ClvModel, settings: ClvSettings, n_moments: int) -> tuple[Floats, Floats]:
        """Return the lifetime value at the window's end with the purchases inside and without, (n_moments,) each.

        0 where nothing was bought or the model knows nothing.
        """
        with_them, without = np.zeros(n_moments), np.zeros(n_moments)
        if len(self.moment):
            clv = np.nan_to_num(model.predict(self.purchases, settings).clv)
            with_them[self.moment[self.inside]] = clv[self.inside]
            without[self.moment[~self.inside]] = clv[~self.inside]
        return with_them, without


def at_window_end(
    con: duckdb.DuckDBPyConnection,
    types: Sequence[str],
    *,
    within_s: int,
    zone: str,
    grain_days: int = 1,
    counted: Sequence[str] | None = None,
    only_buyers: bool = False,
) -> AtWindowEnd:
    """Read the purchases before the end of the window after each of ``moments``.

    Parameters
    ----------
    con
        With the temp table ``moments``. Makes the temp tables zone_offsets, purchase_ledger and purchase_days anew.
    types
        Event types of the purchase role.
    counted
        Those of them that are left out where they are inside; None: all.
    only_buyers
        Leave out moments with nothing inside: their two histories are the same.
    """
    newest_us = con.execute(statement("models/newest_moment")).fetchall()[0][0]
    if newest_us is None:
        nobody = np.zeros(0, dtype=np.int64)
        return AtWindowEnd(Purchases.of(nobody, nobody, nobody), nobody, nobody.astype(np.bool_))
    con.execute(statement("profile/zones"))
    load_zone_offsets(con, zone, int(newest_us) + within_s * US_PER_S)
    values = {
        "types": list(types), "counted": list(types if counted is None else counted), "within_s": within_s,
        "zone": zone, "grain_days": grain_days, "only_buyers": only_buyers,
    }  # fmt: skip
    con.execute(statement("models/window_ledger"), values)
    net_purchases(con)
    found = read_purchases(con)
    number = found.customer_ids.astype(np.int64)
    return AtWindowEnd(found.purchases, number // 2, np.asarray(number % 2 == 0))


def over(settings: ClvSettings, seconds: int) -> ClvSettings:
    """Return the settings for what is expected within a time that can be looked back at: nothing is discounted."""
    return replace(settings, horizon_s=seconds, discount_per_year=0.0)
