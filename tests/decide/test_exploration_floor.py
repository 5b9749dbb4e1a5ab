"""A least probability that the share cannot give every candidate is not promised in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from calls import call
from small_shop import Shop

from nbatool.decide.exploration_floor import floor_not_held
from nbatool.ingest.catalogue import load_catalogue


def toml(actions: int, more: str) -> str:
    listed = "".join(f'[[action]]\nid = "a{k}"\nchannels = ["web"]\n' for k in range(actions))
    return f"{listed}[exploration]\n{more}\n"


@pytest.mark.parametrize(
    ("actions", "more", "held"),
    [
        (20, "share = 0.1\nmin_probability = 0.02", False),
        (20, "share = 0.1\nmin_probability = 0.005", True),
        (5, "share = 0.1\nmin_probability = 0.02", True),
        (20, 'share = 0.1\nmin_probability = 0.02\nmethod = "greedy"', True),
    ],
)
def test_what_holds_instead_is_said(tmp_path: Path, actions: int, more: str, held: bool) -> None:
    config = Shop(tmp_path).configure(toml(actions, more)).config
    found = floor_not_held(config, load_catalogue(config))
    if held:
        assert found is None
        return
    assert found is not None
    for part in (
        "min_probability 0.02 does not hold", "all 21 candidates", "at least 0.005 instead",
        "raise share to 0.4, or lower min_probability to 0.005",
    ):  # fmt: skip
        assert part in found


def test_doctor_says_it(tmp_path: Path) -> None:
    root = Shop(tmp_path).configure(toml(20, "share = 0.1\nmin_probability = 0.02")).root
    checks = {c["check"]: c for c in call(root, "doctor", "--json").json["checks"]}
    assert checks["exploration"]["detail"].startswith("warning: [exploration] min_probability 0.02")
