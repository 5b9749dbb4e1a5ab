"""A workspace with one source, made from a few lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_shop import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)
