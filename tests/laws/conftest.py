"""One small world and what it gives, for the laws that say what must not change it."""

from __future__ import annotations

from pathlib import Path

import pytest
from once import made_once
from small_world import World, everything, results

from nbatool.world.write import generate


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("generated")
    generate(folder, customers=300, months=10, waves=7, seed=3)
    return World.read(folder)


@pytest.fixture(scope="session")
def given(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Models and files of the world as it is."""

    def make(folder: Path) -> None:
        everything(world.write(folder))

    return results(made_once(tmp_path_factory, "given", make))
