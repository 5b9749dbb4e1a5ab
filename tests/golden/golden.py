"""Texts that must not change unnoticed: beside the tests in ``expected/``.

``NBATOOL_REFRESH_GOLDEN=1 pytest tests/golden`` writes them anew; look at the difference before keeping it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

EXPECTED = Path(__file__).parent / "expected"
MODEL = re.compile(r"\b\d{4}-\d{2}-\d{2}-[0-9a-f]{4,64}\b")


def check(name: str, text: str) -> None:
    """Compare a text with its golden file; the version of a model depends on the libraries and is masked."""
    text = MODEL.sub("MODEL", text)
    path = EXPECTED / name
    if os.environ.get("NBATOOL_REFRESH_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path} is not there: NBATOOL_REFRESH_GOLDEN=1 writes it"
    assert text == path.read_text(encoding="utf-8")
