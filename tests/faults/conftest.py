"""A small shop that was loaded, trained and scored without any accident."""

from __future__ import annotations

from pathlib import Path

import pytest
from calls import call

from nbatool.world.write import generate


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished") / "shop"
    generate(folder, customers=300, months=10, waves=7, seed=3)
    for command in ("ingest", "train", "score"):
        call(folder, command, "-q")
    return folder
