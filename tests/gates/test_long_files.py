"""The files that are begun first are there, and hold slow tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from long_files import LONG_FILES


@pytest.mark.parametrize("name", LONG_FILES)
def test_a_long_file_holds_slow_tests(root: Path, name: str) -> None:
    assert "mark.slow" in (root / name).read_text(encoding="utf-8")
