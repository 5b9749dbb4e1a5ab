"""What an ingest did, in numbers that add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class FlagCount:
    """Accepted rows that look odd: how many, why, and one of them."""

    reason: str
    rows: int
    example: str


@dataclass(frozen=True)
class Counts:
    """``rows = accepted + duplicate + rejected``, always.

    ``lines`` is what the files hold before ``group_by`` makes one row of several lines; without it lines = rows.
    ``duplicate_of_other_file`` is the part of ``duplicate`` that stands in a file of another name. ``replaced`` is
    the part of ``accepted`` (customers only) that took the place of an older record of the same time.
    """

    rows: int = 0
    accepted: int = 0
    duplicate: int = 0
    rejected: int = 0
    lines: int = 0
    duplicate_of_other_file: int = 0
    replaced: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.rows + other.rows,
            self.accepted + other.accepted,
            self.duplicate + other.duplicate,
            self.rejected + other.rejected,
            self.lines + other.lines,
            self.duplicate_of_other_file + other.duplicate_of_other_file,
            self.replaced + other.replaced,
        )


@dataclass(frozen=True)
class LookedAt:
    """What a dry run saw: the first rows of one file, and why some of them would be rejected.

    ``whole`` says that the file has no more rows; ``lines`` is as in :class:`Counts`; ``reasons`` is reason → rows, the most frequent first.
    """

    file: str
    rows: int
    whole: bool
    lines: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def rejected(self) -> int:
        return sum(self.reasons.values())


@dataclass(frozen=True)
class SourceReport:
    """What happened to one source.

    ``preview`` holds the mapped rows of a dry run, and ``looked_at`` what it was made from.
    """

    name: str
    kind: str
    counts: Counts = Counts()
    files: int = 0
    unchanged_files: int = 0
    unmatched: Mapping[str, int] = field(default_factory=dict)
    """Lookup name → lines without a partner in its file."""
    flagged: tuple[FlagCount, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    preview: tuple[Mapping[str, object], ...] = ()
    looked_at: LookedAt | None = None


@dataclass(frozen=True)
class IngestReport:
    """What an ingest did, per source and in all."""

    sources: tuple[SourceReport, ...]
    warnings: tuple[str, ...] = ()
    dry_run: bool = False

    @property
    def totals(self) -> Counts:
        return sum((source.counts for source in self.sources), Counts())

    @property
    def all_warnings(self) -> tuple[str, ...]:
        """Every warning, each source's with its name, those about several sources last."""
        own = (f'source "{source.name}": {warning}' for source in self.sources for warning in source.warnings)
        return (*own, *self.warnings)
