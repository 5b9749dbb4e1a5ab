"""What the fixtures of this folder hand out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOUR_504 = "2018-08-17"
"""The fifth of the six times Starbucks' offers went out; the last two are held out."""


@dataclass(frozen=True)
class Loaded:
    """A workspace and what ``ingest --json`` said the first and the second time."""

    root: Path
    first: dict[str, Any]
    again: dict[str, Any]
