"""What is in force live: the pointer row of the online store."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """What is in force live: the state file, the model version, and how far the state reaches."""

    state: str
    model_version: str
    cut_us: int
    journal_position: int
    published_us: int
