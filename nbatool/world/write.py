"""A world as the files a shop would have, with the truth beside them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nbatool.base.errors import UsageError
from nbatool.base.seeds import generator
from nbatool.world.damage import apart, with_broken
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
    format: Format = "csv.gz",  # noqa: A002  the same word as on the command line and in nba.toml
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
        Of events and customers; beside csv.gz events, customers are ndjson.gz.
    browsing
        Multiplies page views: more rows, and nothing else changes in law.

    Raises
    ------
    UsageError
        If there are no customers, the format is unknown, or so many waves do not fit.
    """
    if customers < 1:
        raise UsageError(f"{customers} customers make no world: ask for at least 1")
    if format not in FORMATS:
        raise UsageError(f'no format "{format}": one of {", ".join(FORMATS)}')
    calendar = Calendar.of(months, waves)
    root = Path(directory)
    people: Format = "ndjson.gz" if format == "csv.gz" else format
    names = _write_configuration(root, format, people)
    accepted = duplicate = rejected = 0
    with ExitStack() as stack:
        files = Files(
            events=stack.enter_context(TableFile(root / names[0], format)),
            late=stack.enter_context(TableFile(root / names[1], format)),
            customers=stack.enter_context(TableFile(root / names[2], people)),
            truth=stack.enter_context(TableFile(root / "truth.parquet", "parquet")),
            typed=format == "parquet",
        )
        for events, world in histories(customers, calendar, months=months, seed=seed, browsing=browsing):
            twice, broken = files.add_block(events, world, first_number=accepted)
            accepted += len(events)
            duplicate += twice
            rejected += broken
    return WorldSummary(
        customers=customers,
        events=accepted + duplicate + rejected,
        accepted=accepted,
        duplicate=duplicate,
        rejected=rejected,
        files=(*names, "truth.parquet", "catalogue.json", "nba.toml"),
    )


def _write_configuration(root: Path, events: Format, people: Format) -> tuple[str, str, str]:
    """Write nba.toml and the catalogue; return the names of the events, late events and customers files."""
    names = (f"events.{events}", f"events-late.{events}", f"customers.{people}")
    root.mkdir(parents=True, exist_ok=True)
    configuration = nba_toml(events=names[0], late=names[1], customers=names[2])
    (root / "nba.toml").write_text(configuration, encoding="utf-8")
    (root / "catalogue.json").write_text(catalogue_json(), encoding="utf-8")
    return names


@dataclass(frozen=True)
class Files:
    """The open tables of a world; `typed` ones keep times and money as such."""

    events: TableFile
    late: TableFile
    customers: TableFile
    truth: TableFile
    typed: bool

    def add_block(self, events: Events, world: World, *, first_number: int) -> tuple[int, int]:
        """Write a block of customers and their history; return how many rows are there twice, and broken."""
        first_block = int(world.customers.number[0]) == 0
        newest = world.day * DAY_SECONDS if first_block else None
        frame = event_frame(world, events, first_number=first_number, newest_at=newest)
        lot = generator(world.seed, f"{world.stream}/damage")
        in_time, late, twice = apart(frame, end_day=world.day, rng=lot)
        rows, broken = self._written(in_time), 0
        if first_block:
            rows, broken = with_broken(rows, typed=self.typed)
        self.events.add(rows)
        self.late.add(self._written(late))
        self.customers.add(self._written(customer_frame(world.customers, seed=world.seed)))
        self.truth.add(truth_frame(world))
        return twice, broken

    def _written(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame if self.typed else as_text(frame)
