"""Two real data sets, loaded, trained and scored once for all tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from calls import call
from loaded import HOUR_504, Loaded


@pytest.fixture(scope="session", autouse=True)
def named_in_the_environment(real_data: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NBATOOL_REAL_DATA", str(real_data))
        yield


@pytest.fixture(scope="session")
def load_example(
    real_data: Path, examples: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Loaded]:
    """Copy an example and ingest it twice; `data` stands in for the real files."""

    def load(name: str, data: Path = real_data) -> Loaded:
        root = tmp_path_factory.mktemp(name) / name
        root.mkdir()
        shutil.copy(examples / name / "nba.toml", root)
        first, again = (call(root, "ingest", "--json", NBATOOL_REAL_DATA=str(data)).json for _ in range(2))
        return Loaded(root, first, again)

    return load


@pytest.fixture(scope="session")
def starbucks(load_example: Callable[..., Loaded]) -> Loaded:
    return load_example("starbucks")


@pytest.fixture(scope="session")
def starbucks_past(starbucks: Loaded) -> Path:
    """Trained and scored as of the fifth time; what came later was loaded and is not looked at."""
    for command in ("train", "score"):
        call(starbucks.root, command, "-q", "--as-of", HOUR_504, cores=2)
    return starbucks.root


@pytest.fixture(scope="session")
def cdnow(load_example: Callable[..., Loaded]) -> Loaded:
    return load_example("cdnow")


@pytest.fixture(scope="session")
def cdnow_trained(cdnow: Loaded) -> Path:
    for command in ("train", "score"):
        call(cdnow.root, command, "-q", cores=2)
    return cdnow.root
