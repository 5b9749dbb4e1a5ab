"""A made-up shop as rows that a test may change, and as a workspace again."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from calls import call, model_files

Row = dict[str, str]
AS_OF = "2018-05-20"
"""A time with seven weeks of events after it."""


@dataclass(frozen=True)
class World:
    """The rows of a shop's two event files and of its customer file (as JSON lines)."""

    events: tuple[Row, ...]
    late: tuple[Row, ...]
    customers: tuple[str, ...]
    others: dict[str, bytes]

    @classmethod
    def read(cls, folder: Path) -> World:
        others = {name: (folder / name).read_bytes() for name in ("catalogue.json", "nba.toml")}
        with gzip.open(folder / "customers.ndjson.gz", "rt", encoding="utf-8") as file:
            customers = tuple(file.read().splitlines())
        return cls(_rows(folder / "events.csv.gz"), _rows(folder / "events-late.csv.gz"), customers, others)

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True)
        for name, content in self.others.items():
            (folder / name).write_bytes(content)
        write_events(folder / "events.csv.gz", self.events)
        write_events(folder / "events-late.csv.gz", self.late)
        with gzip.open(folder / "customers.ndjson.gz", "wt", encoding="utf-8", compresslevel=1) as file:
            file.writelines(f"{line}\n" for line in self.customers)
        return folder

    def later(
        self, change: Callable[[Sequence[Row]], Sequence[Row]], customer: Callable[[str], str]
    ) -> World:
        """The same world with the events and customers from `AS_OF` on changed."""

        def events(rows: Sequence[Row]) -> tuple[Row, ...]:
            # A time nobody can read is no later time: those rows stay, and are rejected as they are.
            is_later = [row["ts"][:2] == "20" and row["ts"] >= AS_OF for row in rows]
            before = [row for row, flag in zip(rows, is_later, strict=True) if not flag]
            return (*before, *change([row for row, flag in zip(rows, is_later, strict=True) if flag]))

        people = tuple(customer(c) if json.loads(c)["signed_up"] >= AS_OF else c for c in self.customers)
        return replace(
            self, events=events(self.events), late=events(self.late), customers=tuple(c for c in people if c)
        )


def _rows(path: Path) -> tuple[Row, ...]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def write_events(path: Path, rows: Sequence[Row]) -> None:
    with gzip.open(path, "wt", encoding="utf-8", newline="", compresslevel=1) as file:
        names = [
            "event_id",
            "customer_id",
            "ts",
            "type",
            "value",
            "action_id",
            "channel",
            "category",
            "on_sale",
        ]
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def everything(workspace: Path, *, cores: int = 1, **environment: str) -> dict[str, bytes]:
    """Load, train and score as of `AS_OF`; return every byte that must not depend on what must not matter."""
    call(workspace, "ingest", "-q", cores=cores, **environment)
    for command in (("train",), ("score", "--top", "3", "--include-nothing")):
        call(workspace, *command, "-q", "--as-of", AS_OF, cores=cores, **environment)
    return results(workspace)


def results(workspace: Path) -> dict[str, bytes]:
    """Return the files of `out/` and of every model version."""
    written = {path.name: path.read_bytes() for path in (workspace / "out").iterdir()}
    assert sorted(written) == [f"actions-{AS_OF}.csv", f"scores-{AS_OF}.csv"]
    return written | model_files(workspace)


def differing(a: dict[str, bytes], b: dict[str, bytes]) -> list[str]:
    """Names of files that are not the same in both."""
    return sorted(name for name in a.keys() | b.keys() if a.get(name) != b.get(name))
