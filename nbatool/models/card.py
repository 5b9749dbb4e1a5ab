"""The model card: what a model was trained on and how well it did, as one JSON object."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from importlib import metadata
from typing import Any

import numpy as np

from nbatool.models.table import Table


def canonical_json(value: Any) -> bytes:
    r"""Return the value as JSON: keys sorted, numpy numbers plain, NaN and infinity null.

    >>> canonical_json({"b": float("nan"), "a": 1})
    b'{"a": 1, "b": null}\n'
    """
    return (json.dumps(_plain(value), sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value


def versions(*packages: str) -> dict[str, str]:
    """Return the versions of Python and of the packages named, from their metadata (nothing is imported)."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in packages}


def data_window(table: Table) -> dict[str, Any]:
    """Return how many rows and customers a table has, and its first and last moment."""
    if len(table) == 0:
        return {"n_rows": 0, "n_customers": 0, "first_as_of": None, "last_as_of": None}
    return {
        "n_rows": len(table),
        "n_customers": int(np.unique(table.customer).size),
        "first_as_of": iso_time(int(table.as_of_us.min())),
        "last_as_of": iso_time(int(table.as_of_us.max())),
    }


def iso_time(us: int) -> str:
    """Return microseconds since 1970 UTC as text.

    >>> iso_time(0)
    '1970-01-01T00:00:00Z'
    """
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)).isoformat().replace("+00:00", "Z")
