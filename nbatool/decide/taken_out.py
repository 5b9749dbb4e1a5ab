"""What the night drew and could not do: a limit, or something that happened while it worked, left no room for the contact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LIMIT: Final = "limit"
STOOD: Final = ""
"""The step of a contact that was drawn and logged before, and is not made after all."""


@dataclass(frozen=True, slots=True)
class TakenOut:
    """Why the contact drawn for a row is not made.

    Parameters
    ----------
    step
        Of the funnel, or `STOOD`.
    offer
        Its place in the catalogue.
    rule
        What took it out.
    chances
        (its chance within the arm, over all arms) where the decision stands as it was logged, and its contact may go out
        with a later night; None: it is none, and the log says so.
    """

    step: str
    offer: int
    rule: str
    chances: tuple[float, float] | None = None

    @property
    def words(self) -> str:
        """A clause that follows "was drawn, but".

        >>> TakenOut("limit", 0, "budget 20 in 7d").words
        'budget 20 in 7d has no room for it'
        """
        return f"{self.rule} has no room for it" if self.step == LIMIT else self.rule
