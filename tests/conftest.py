"""What every test may ask for: real data, examples, and one way of drawing cases."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]

settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("roaming", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def beside_the_checkout(name: str) -> Path | None:
    """Return ``../shared/<name>``, of the checkout or of the folder it was cloned from, if it is there."""
    folder = ROOT.parent / "shared" / name
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets; the test is skipped where there is none."""
    given = os.environ.get("NBATOOL_REAL_DATA")
    folder = Path(given) if given else beside_the_checkout("data")
    if folder is None or not folder.is_dir():
        pytest.skip("no real data: set NBATOOL_REAL_DATA or put it into ../shared/data")
    return folder


@pytest.fixture(scope="session")
def examples() -> Path:
    """The folder of example configurations: the repository's own, else the shared one."""
    own = ROOT / "examples"
    folder = own if any(own.glob("*.toml")) else beside_the_checkout("examples")
    if folder is None:
        pytest.skip("no examples: neither examples/ nor ../shared/examples is there")
    return folder


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT
