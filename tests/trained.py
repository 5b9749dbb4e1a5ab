"""A made-up shop that was loaded, trained and scored."""

from __future__ import annotations

from pathlib import Path

from calls import call

from nbatool.world.write import generate


def trained_shop(folder: Path, *, customers: int, seed: int) -> Path:
    generate(folder, customers=customers, months=10, waves=7, seed=seed)
    for command in ("ingest", "train", "score"):
        call(folder, command, "-q")
    return folder
