"""What requests said, as columns: the same whatever the size of the chunks, and no more memory than they need."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest

from nbatool.measure import context_columns as module
from nbatool.measure.context_columns import context_columns

SAID = [
    '{"a":1,"page":"home","c":true,"d":null}', None, '{"a":2.5,"page":3,"c":false}', '{"a":null,"page":[1]}', "{}",
]  # fmt: skip


@pytest.mark.parametrize("chunk", [1, 2, 1000])
def test_numbers_as_they_are_and_texts_by_code(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK", chunk)
    found = context_columns(SAID)
    assert found.names == ("context.a", "context.c", "context.d", "context.page")
    assert found.categorical == ("context.page",)
    nan = np.nan
    assert np.array_equal(
        found.x.T,
        [[1, nan, 2.5, nan, nan], [1, nan, 0, nan, nan], [nan] * 5, [2, nan, 0, 1, nan]],
        equal_nan=True,
    )


def test_rare_texts_have_no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_VALUES", 2)
    pages = ["b", "a", "rare", "a", "b"]
    found = context_columns([json.dumps({"page": page}) for page in pages])
    assert np.array_equal(found.x[:, 0], [1, 0, np.nan, 0, 1], equal_nan=True)


def test_memory_is_that_of_the_columns() -> None:
    """Decoded all at once, these would take more than four times as much."""
    n = 40_000
    texts = [json.dumps({f"x{j}": k + j / 7 for j in range(8)}) for k in range(n)]
    tracemalloc.start()
    found = context_columns(texts)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000 * 8 * 80 + 4 * found.x.nbytes
