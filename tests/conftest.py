"""What every test may ask for: real data, examples, a trained workspace, and one way of drawing cases."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings
from logged_shop import logged_shop as made_logged_shop
from long_files import LONG_FILES
from once import made_once
from trained import trained_shop

ROOT = Path(__file__).parents[1]

settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("roaming", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long files; `make test` hands out files in this order."""
    place = {name: k for k, name in enumerate(LONG_FILES)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(place)))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets; the test is skipped where there is none."""
    given = os.environ.get("NBATOOL_REAL_DATA")
    folder = Path(given) if given else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no real data: set NBATOOL_REAL_DATA or put it into ../shared/data")
    return folder


@pytest.fixture(scope="session")
def examples() -> Path:
    """The folder of example workspaces, ``<name>/nba.toml`` each."""
    return ROOT / "examples"


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def trained_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small made-up shop: loaded, trained, scored. Copy it before changing anything.

    Large enough that customers differ reliably in what actions change: with fewer everybody gets the same.
    """
    return made_once(tmp_path_factory, "trained-world", lambda at: trained_shop(at, customers=1_500, seed=0))


@pytest.fixture(scope="session")
def logged_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose log of decisions was made with known chances: loaded, trained on its first days, scored.

    Copy it before changing anything.
    """
    return made_once(tmp_path_factory, "logged-shop", made_logged_shop)
