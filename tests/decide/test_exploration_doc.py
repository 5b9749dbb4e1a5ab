"""The picture and the figures of docs/exploration.md are what the functions give."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def drawing(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "exploration_picture", root / "docs" / "exploration_picture.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_picture_is_up_to_date(drawing: ModuleType, root: Path) -> None:
    assert (root / "docs" / "exploration.svg").read_text(encoding="utf-8") == drawing.picture()


def test_the_figures_are_true(drawing: ModuleType, root: Path) -> None:
    text = (root / "docs" / "exploration.md").read_text(encoding="utf-8")
    assert len(drawing.LEARNED) == 3
    for outcomes, _colour in drawing.LEARNED:
        p, cost = drawing.chances(outcomes)
        share = cost / drawing.WORTH.max()
        assert f"| {outcomes:,} | {p.max():.1%} | {cost:.3f} USD ({share:.1%}) |".replace("%", " %") in text
