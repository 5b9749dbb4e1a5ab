"""What was foreseen for everybody, put aside on disk while prices of limits are solved: a million rows need not fit twice.

Everybody is foreseen once; the second time the choice is made from what was put aside, bit for bit the same.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbatool.decide.expected import Expected
from nbatool.decide.policy import Foreseen

NAMES = ("nothing", "outcome", "conversion", "removed", "phi")
FOLDER = "foreseen"


class ForeseenFile:
    """Chunks by the position they begin at; the folder is the caller's alone, and emptied.

    Parameters
    ----------
    parent
        Where the folder is made.
    """

    def __init__(self, parent: Path) -> None:
        self._folder = parent / FOLDER
        shutil.rmtree(self._folder, ignore_errors=True)  # of a night that was killed
        self._folder.mkdir(parents=True)

    def put(self, first: int, foreseen: Foreseen) -> None:
        modelled = foreseen.modelled
        arrays: tuple[NDArray[Any], ...] = (
            modelled.nothing,
            modelled.outcome,
            modelled.conversion,
            foreseen.removed,
            foreseen.phi,
        )
        for name, array in zip(NAMES, arrays, strict=True):
            np.save(self._folder / f"{first}-{name}.npy", array)

    def get(self, first: int) -> Foreseen:
        nothing, outcome, conversion, removed, phi = (
            np.load(self._folder / f"{first}-{name}.npy") for name in NAMES
        )
        return Foreseen(Expected(nothing, outcome, conversion), removed, phi)

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
