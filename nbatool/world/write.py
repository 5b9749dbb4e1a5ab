"""A world as the files a shop would have, with the truth beside them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nbatool.base.errors import UsageError
from nbatool.base.seeds import generator
from nbatool.world.damage import apart, broken_rows
from nbatool.world.files import FORMATS, Format, TableFile, as_text
from nbatool.world.frames import customer_frame, event_frame, truth_frame
from nbatool.world.history import END, WAVES, Calendar, World, histories
from nbatool.world.workspace import catalogue_json, nba_toml

if TYPE_CHECKING:
    import polars as pl

    from nbatool.world.events import Events

DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class WorldSummary:
    """What was written, and what loading it must count: events = accepted + duplicate + rejected.

    `customers` rows are all good. `as_of` is the day at whose start (UTC) the truth holds.
    """

    customers: int
    events: int
    accepted: int
    duplicate: int
    rejected: int
    files: tuple[str, ...]
    as_of: str = END

    def as_dict(self) -> dict[str, object]:
        """Return the summary for JSON."""
        return asdict(self)


def generate(
    directory: Path | str,
    *,
    customers: int,
    months: int = 18,
    seed: int = 0,
    format: Format = "csv.gz",
    waves: int = WAVES,
    browsing: float = 1.0,
) -> WorldSummary:
    """Write a world: events, late events, customers, catalogue.json, nba.toml and truth.parquet.

    Parameters
    ----------
    directory
        Made if it is not there; files of the same names are overwritten.
    customers
        How many; about 30 events each.
    months, waves
        Length of the history, up to `END`, and how many times contacts went out in it (every 32 days).
    format
        Of events and customers.
    browsing
        Multiplies page views: more rows, and nothing else changes in law.
    """
    if customers < 1:
        raise UsageError(f"{customers} customers make no world: ask for at least 1")
    if format not in FORMATS:
        raise UsageError(f'no format "{format}": one of {", ".join(FORMATS)}')
    calendar = Calendar.of(months, waves)
    root = Path(directory)
    root.mkdir(parents=True, exist_ok=True)
    names = {"events": f"events.{format}", "late": f"events-late.{format}", "customers": f"customers.{format}"}
    if format == "csv.gz":
        names["customers"] = "customers.ndjson.gz"
    (root / "catalogue.json").write_text(catalogue_json(), encoding="utf-8")
    (root / "nba.toml").write_text(nba_toml(**names), encoding="utf-8")
    counts = {"events": 0, "accepted": 0, "duplicate": 0, "rejected": 0}
    with ExitStack() as open_files:
        files = Files(
            *(
                open_files.enter_context(TableFile(root / name, kind))
                for name, kind in (
                    (names["events"], format),
                    (names["late"], format),
                    (names["customers"], "ndjson.gz" if format == "csv.gz" else format),
                    ("truth.parquet", "parquet"),
                )
            ),
            typed=format == "parquet",
        )
        for events, world in histories(customers, calendar, months=months, seed=seed, browsing=browsing):
            files.add_block(events, world, counts)
    written = (*names.values(), "truth.parquet", "catalogue.json", "nba.toml")
    return WorldSummary(customers=customers, files=written, **counts)


@dataclass(frozen=True)
class Files:
    """The open tables of a world; `typed` ones keep times and money as such."""

    events: TableFile
    late: TableFile
    customers: TableFile
    truth: TableFile
    typed: bool

    def add_block(self, events: Events, world: World, counts: dict[str, int]) -> None:
        """Write a block of customers and their history, and count what loading it must find."""
        first = int(world.customers.number[0])
        newest = world.day * DAY_SECONDS if first == 0 else None
        frame = event_frame(world, events, first_number=counts["accepted"], newest_at=newest)
        lot = generator(world.seed, f"{world.stream}/damage")
        in_time, late, twice = apart(frame, end_day=world.day, rng=lot)
        in_time, late = self._written(in_time), self._written(late)
        if first == 0:
            in_time, spoilt = with_broken(in_time, typed=self.typed)
            counts["rejected"] += spoilt
        self.events.add(in_time)
        self.late.add(late)
        self.customers.add(self._written(customer_frame(world.customers, seed=world.seed)))
        self.truth.add(truth_frame(world))
        counts["events"] += len(in_time) + len(late)
        counts["accepted"] += len(frame)
        counts["duplicate"] += twice

    def _written(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame if self.typed else as_text(frame)


def with_broken(frame: pl.DataFrame, *, typed: bool) -> tuple[pl.DataFrame, int]:
    """Return the rows with broken ones strewn among them, and how many those are."""
    import polars as pl

    broken = broken_rows(frame, typed=typed)
    if broken.is_empty():
        return frame, 0
    gap = len(frame) // (len(broken) + 1)
    pieces = []
    for i in range(len(broken)):
        pieces += [frame[i * gap : (i + 1) * gap], broken[i]]
    return pl.concat([*pieces, frame[len(broken) * gap :]]), len(broken)


__all__ = ["WorldSummary", "generate"]
