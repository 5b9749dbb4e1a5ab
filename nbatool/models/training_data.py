"""What one training run works with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nbatool.base.records import Action
from nbatool.features.customer import FeatureSet
from nbatool.models.lifetime_outcome import LaterValue

if TYPE_CHECKING:
    import duckdb

    from nbatool.base.config import Config

CHUNK = 50_000
"""Moments whose features are read at once."""

Say = Callable[[str], None]
Check = Callable[["Config", Sequence[Action], FeatureSet, str | None], None]
"""Raises to refuse a catalogue, given the features a version will know and why it will learn from no contact, if so."""


@dataclass(frozen=True)
class Training:
    """What one training run works with.

    ``first_us`` is the first event, ``as_of_us`` the present: nothing at or after it is read. ``later`` is what a
    lifetime value counts of the time after its window; None: nothing.
    """

    con: duckdb.DuckDBPyConnection
    config: Config
    actions: tuple[Action, ...]
    features: FeatureSet
    first_us: int
    as_of_us: int
    seed: int
    say: Say
    later: LaterValue | None = None

    @property
    def by_id(self) -> dict[str, Action]:
        return {action.id: action for action in self.actions}


def codes_of(ids: Sequence[str]) -> NDArray[np.int64]:
    """Dense codes of customers whose rows stand together."""
    code_of = {customer_id: code for code, customer_id in enumerate(sorted(set(ids)))}
    codes = [code_of[customer_id] for customer_id in ids]
    return np.asarray(codes, dtype=np.int64)
