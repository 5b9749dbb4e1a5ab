"""The shop of this folder, trained and scored."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from calls import call

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = shutil.copytree(HERE / "shop", tmp_path_factory.mktemp("golden") / "shop")
    for command in (("ingest",), ("train",), ("score", "--top", "3", "--include-nothing")):
        call(root, *command, "-q")
    return root
