"""A small shop that was loaded, trained and scored without any accident."""

from __future__ import annotations

from pathlib import Path

import pytest
from once import made_once
from trained import trained_shop


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(
        tmp_path_factory, "finished", lambda at: trained_shop(at, customers=300, seed=3, clv_model="bg_nbd")
    )
