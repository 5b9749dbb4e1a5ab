"""How many rejected rows a load may have."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nbatool.base.errors import UsageError


@dataclass(frozen=True)
class RejectLimit:
    """A share of the rows read, or a number of rows."""

    share: float | None = 0.01
    rows: int | None = None

    @classmethod
    def parse(cls, text: str) -> RejectLimit:
        """Read ``1%``, ``0.5%`` or a number of rows such as ``20``.

        >>> RejectLimit.parse("2%"), RejectLimit.parse("20")
        (RejectLimit(share=0.02, rows=None), RejectLimit(share=None, rows=20))
        """
        match = re.fullmatch(r"(\d+(?:\.\d+)?) ?(%?)", text.strip())
        if match and match[2] and float(match[1]) <= 100:
            return cls(share=float(match[1]) / 100)
        if match and not match[2] and "." not in match[1]:
            return cls(share=None, rows=int(match[1]))
        raise UsageError(f'--max-rejects "{text}": write a share such as 1% or a number of rows such as 20')

    def exceeded(self, rejected: int, rows: int) -> bool:
        """Return whether `rejected` of `rows` are too many."""
        if self.rows is not None:
            return rejected > self.rows
        return rejected > (self.share or 0) * rows

    def __str__(self) -> str:
        return f"{self.rows:,} rows" if self.rows is not None else f"{percent(self.share or 0)}"


def percent(share: float) -> str:
    """Return a share as text, with as many digits as it takes to tell it from 0 and 100.

    >>> percent(0.01), percent(0.0134), percent(1.0)
    ('1 %', '1.3 %', '100 %')
    """
    return f"{share * 100:.2g} %" if share < 0.995 else "100 %"
