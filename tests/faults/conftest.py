"""A small shop that was loaded, trained and scored without any accident."""

from __future__ import annotations

from pathlib import Path

import pytest
from trained import trained_shop


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_shop(tmp_path_factory.mktemp("finished") / "shop", customers=300, seed=3)
