"""The segment of each judged decision: texts as they are, numbers by quarters."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbatool.measure.evaluation import MOST_SEGMENTS
from nbatool.measure.judged import CHUNK, Judged


def segment_of(judged: Judged, name: str) -> NDArray[np.object_] | None:
    """Return the segment of each decision that is used, by an attribute or feature; None where nobody knows it."""
    parts: list[Any] = []
    for first, last, found in judged.moments.chunks(CHUNK):
        if name in found.attributes:
            parts.append(found.attributes[name])
        elif name in judged.names:
            parts.append(np.full(last - first, np.nan))
        else:
            return None
    values = np.concatenate(parts)[judged.checked.kept]
    if values.dtype == object:
        return values
    if name in judged.names:
        values = judged.x[:, judged.names.index(name)]
    return _quarters(values)


def not_shown(groups: Mapping[str, NDArray[np.object_]]) -> list[str]:
    """Say of which attributes only the largest segments are judged.

    >>> not_shown({"town": np.array([f"t{k}" for k in range(20)], dtype=object)})
    ['segments by town: the 12 largest of 20 are judged']
    """
    told = []
    for name, segment in groups.items():
        n = len({value for value in segment.tolist() if value is not None})
        if n > MOST_SEGMENTS:
            told.append(f"segments by {name}: the {MOST_SEGMENTS} largest of {n:,} are judged")
    return told


def _quarters(values: NDArray[Any]) -> NDArray[np.object_]:
    known = values[~np.isnan(values)]
    result = np.full(len(values), None, dtype=object)
    if not len(known):
        return result
    edges = np.unique(np.quantile(known, [0.25, 0.5, 0.75]))
    labels = [f"to {edges[0]:g}", *(f"{a:g} to {b:g}" for a, b in pairwise(edges))]
    labels.append(f"above {edges[-1]:g}")
    place = np.searchsorted(edges, values, side="left")
    for k, label in enumerate(labels):
        result[(place == k) & ~np.isnan(values)] = label
    return result
