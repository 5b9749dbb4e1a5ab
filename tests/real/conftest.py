"""Two real data sets, loaded, trained and scored once for all tests."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from calls import call
from loaded import HOUR_504, HOUR_528_US, Loaded, trained
from once import made_once

from nbatool.models.bundle import Bundle


@pytest.fixture(scope="session", autouse=True)
def named_in_the_environment(real_data: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NBATOOL_REAL_DATA", str(real_data))
        yield


@pytest.fixture(scope="session")
def load_example(
    real_data: Path, examples: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Loaded]:
    """Copy an example and ingest it twice; `data` stands in for the real files. Each call gives a workspace of its own."""

    def load(name: str, data: Path = real_data) -> Loaded:
        def make(folder: Path) -> None:
            root = folder / name
            root.mkdir(parents=True)
            shutil.copy(examples / name / "nba.toml", root)
            said = [call(root, "ingest", "--json", NBATOOL_REAL_DATA=str(data)).json for _ in range(2)]
            (folder / "said.json").write_text(json.dumps(said), encoding="utf-8")

        if data == real_data:
            folder = made_once(tmp_path_factory, f"loaded-{name}", make)
        else:
            folder = tmp_path_factory.mktemp(name) / "other"
            make(folder)
        first, again = json.loads((folder / "said.json").read_text(encoding="utf-8"))
        return Loaded(folder / name, first, again)

    return load


@pytest.fixture(scope="session")
def starbucks(load_example: Callable[..., Loaded]) -> Loaded:
    return load_example("starbucks")


@pytest.fixture(scope="session")
def starbucks_528(starbucks: Loaded, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """What is learned just after the windows of the offers sent at hour 408 had closed, with contacts that cost nothing."""
    from nbatool.models import registry

    def make(folder: Path) -> None:
        root = shutil.copytree(starbucks.root, folder.with_name("starbucks-free"))
        text = (root / "nba.toml").read_text(encoding="utf-8")
        (root / "nba.toml").write_text(text.replace("cost = 0.05", "cost = 0.0"), encoding="utf-8")
        bundle = trained(root, HOUR_528_US)
        registry.save(folder, bundle.to_files(), as_of_us=HOUR_528_US, about={}, seed=0)

    models = made_once(tmp_path_factory, "starbucks-528", make)
    (version,) = registry.list_versions(models)
    return Bundle.from_files(registry.load_files(models, version))


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
