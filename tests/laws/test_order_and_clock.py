"""Law 8: order of rows and files, number of threads and the host's time zone change no byte of any result."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from small_world import World, differing, everything, write_events

pytestmark = pytest.mark.slow


def test_threads_and_the_hosts_zone(world: World, given: dict[str, bytes], tmp_path: Path) -> None:
    other = world.write(tmp_path / "world")
    made = everything(other, cores=3, OMP_NUM_THREADS="2", TZ="Pacific/Auckland")
    assert differing(made, given) == []


def test_order_of_rows_and_files(world: World, given: dict[str, bytes], tmp_path: Path) -> None:
    chance = random.Random(8)

    def shuffled(rows: tuple) -> tuple:  # type: ignore[type-arg]
        return tuple(chance.sample(rows, len(rows)))

    own, late = shuffled(world.events), shuffled(world.late)
    config = world.others["nba.toml"].replace(b'"events.csv.gz", "events-late.csv.gz"', b'"events/*.csv.gz"')
    assert config != world.others["nba.toml"]
    others = {"catalogue.json": world.others["catalogue.json"], "nba.toml": config}
    folder = replace(world, customers=shuffled(world.customers), others=others).write(tmp_path / "world")
    (folder / "events").mkdir()
    for name in ("events.csv.gz", "events-late.csv.gz"):
        (folder / name).unlink()
    # Late rows first, the others in two files; names that sort the other way round.
    for name, rows in (("a", late), ("c", own[: len(own) // 3]), ("b", own[len(own) // 3 :])):
        write_events(folder / "events" / f"{name}.csv.gz", rows)
    assert differing(everything(folder, TZ="America/Los_Angeles"), given) == []
