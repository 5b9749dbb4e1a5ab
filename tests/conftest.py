"""What every test may ask for: real data, examples, a trained workspace, and one way of drawing cases."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings
from logged_shop import logged_shop as made_logged_shop
from trained import trained_shop

ROOT = Path(__file__).parents[1]

settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("roaming", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


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
    return trained_shop(tmp_path_factory.mktemp("trained") / "world", customers=1_000, seed=0)


@pytest.fixture(scope="session")
def logged_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose log of decisions was made with known chances: loaded, trained on its first days, scored.

    Copy it before changing anything.
    """
    return made_logged_shop(tmp_path_factory.mktemp("logged") / "shop")
