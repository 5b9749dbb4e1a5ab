"""The data sets as files both sides read: standardised numbers, texts, and the class of every row."""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
MOST_ROWS, FEW_ROWS = 15_000, 2_000
"""Rows drawn from a larger set; sets with fewer than the second are shuffled more often."""
BANKS = {"bank": "y", "bank_job": "job"}
"""Name here → the column that is to be predicted."""
NOT_KNOWN_BEFORE = "duration"


@dataclass(frozen=True)
class DataSet:
    """Parameters
    ----------
    numbers
        float64[n, p], each column of mean 0 and spread 1.
    texts
        Text columns of n values.
    label
        int64[n]: the class, 0 … k−1.
    """

    name: str
    numbers: Floats
    texts: tuple[tuple[str, ...], ...]
    label: npt.NDArray[np.int64]

    @property
    def n_classes(self) -> int:
        return int(self.label.max()) + 1

    def write(self, folder: Path) -> Path:
        file = folder / f"{self.name}.npz"
        texts = np.array(self.texts, dtype=np.str_).reshape(len(self.texts), len(self.label))
        np.savez(file, numbers=self.numbers, texts=texts, label=self.label)
        return file

    @classmethod
    def read(cls, file: Path) -> DataSet:
        with np.load(file, allow_pickle=False) as found:
            texts = tuple(tuple(str(v) for v in column) for column in found["texts"])
            return cls(file.stem, found["numbers"], texts, found["label"])


def of_bank(name: str) -> DataSet:
    """Read 15,000 rows of the bank's phone campaign.

    Raises
    ------
    FileNotFoundError
        The real data are not there.
    """
    default = Path(__file__).parents[3] / "shared" / "data"
    folder = Path(os.environ.get("NBATOOL_REAL_DATA", default))
    file = folder / "bank_marketing" / "bank-additional-full.csv.gz"
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        rows = list(csv.reader(lines, delimiter=";"))
    head, body = rows[0], rows[1:]
    # the draw of the protocol the peer's published figures come from
    drawn = np.random.default_rng(0).choice(len(body), MOST_ROWS, replace=False)
    columns = {column: [body[i][j] for i in drawn] for j, column in enumerate(head)}
    label = columns.pop(BANKS[name])
    columns.pop(NOT_KNOWN_BEFORE)
    columns.pop("y", None)
    numbers = [[float(v) for v in values] for values in columns.values() if _numeric(values)]
    texts = tuple(tuple(values) for values in columns.values() if not _numeric(values))
    classes = {value: i for i, value in enumerate(sorted(set(label)))}
    return DataSet(
        name, standard(np.array(numbers).T), texts, np.array([classes[v] for v in label], dtype=np.int64)
    )


def standard(numbers: Floats) -> Floats:
    """Return each column with mean 0 and spread 1."""
    spread = numbers.std(axis=0)
    out: Floats = (numbers - numbers.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return out


def _numeric(values: Sequence[str]) -> bool:
    try:
        [float(v) for v in values[:50]]
    except ValueError:
        return False
    return True
