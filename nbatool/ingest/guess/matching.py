"""Do the values of one column occur in another file's column?"""

from __future__ import annotations

from dataclasses import dataclass

from nbatool.ingest.guess.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Overlap:
    """Counts of different values on the left, on the right, and in both."""

    left: int
    right: int
    both: int

    @property
    def of_left(self) -> float:
        return self.both / self.left if self.left else 0.0

    @property
    def of_right(self) -> float:
        return self.both / self.right if self.right else 0.0


def overlap(bench: Workbench, left: tuple[str, str], right: tuple[str, str]) -> Overlap:
    """Compare the different values of two (table, expression) pairs as text."""
    for name, (table, expression) in (("left_values", left), ("right_values", right)):
        bench.view(name, table, {"cell": f"nullif(trim(({expression})::varchar), '')"})
    return Overlap(*bench.row("values_found"))
