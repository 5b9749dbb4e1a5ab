"""A made-up shop that was loaded, trained and scored."""

from __future__ import annotations

from pathlib import Path

from calls import call

from nbatool.world.write import generate


def trained_shop(folder: Path, *, customers: int, seed: int, clv_model: str = "auto") -> Path:
    """Make it; with a `clv_model` the lifetime value is of that family, and none is chosen, which takes the longest."""
    generate(folder, customers=customers, months=10, waves=7, seed=seed)
    toml = folder / "nba.toml"
    toml.write_text(toml.read_text().replace("[clv]\n", f'[clv]\nmodel = "{clv_model}"\n'))
    for command in ("ingest", "train", "score"):
        call(folder, command, "-q")
    return folder
