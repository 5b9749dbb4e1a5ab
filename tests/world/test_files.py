"""The files of a world: counts that loading must find, equal bytes for equal seeds, what is in them."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from nbatool.base.config import load_config
from nbatool.base.errors import UsageError
from nbatool.world import history
from nbatool.world.__main__ import main
from nbatool.world.damage import BROKEN
from nbatool.world.files import FORMATS, Format
from nbatool.world.write import WorldSummary, generate

SAMPLE = Path(__file__).parents[2] / "sample_data"


def rows_of(root: Path, name: str) -> list[dict[str, object]]:
    path = root / name
    if name.endswith(".parquet"):
        return pl.read_parquet(path).to_dicts()
    text = gzip.decompress(path.read_bytes())
    if name.endswith(".csv.gz"):
        return pl.read_csv(text, infer_schema=False).to_dicts()
    return [json.loads(line) for line in text.splitlines()]


def is_broken(row: dict[str, object]) -> bool:
    if any(row[column] is None for column in ("customer_id", "ts", "type")):
        return True
    try:
        if isinstance(row["ts"], str):
            datetime.fromisoformat(row["ts"])
        float(str(row["value"] or 0))
    except ValueError:
        return True
    return False


def counts(root: Path, summary: WorldSummary) -> tuple[int, int, int, int]:
    """Count as ingest must: broken rows first, then rows whose event id was there before."""
    rows = rows_of(root, summary.files[0]) + rows_of(root, summary.files[1])
    good = [row for row in rows if not is_broken(row)]
    accepted = len({row["event_id"] for row in good})
    return len(rows), accepted, len(good) - accepted, len(rows) - len(good)


@pytest.mark.parametrize("kind", FORMATS)
def test_summary_states_what_is_in_the_files(tmp_path: Path, kind: Format) -> None:
    summary = generate(tmp_path, customers=300, seed=5, format=kind)
    expected = (summary.events, summary.accepted, summary.duplicate, summary.rejected)
    assert counts(tmp_path, summary) == expected
    assert summary.events == summary.accepted + summary.duplicate + summary.rejected
    assert summary.duplicate > 0
    assert summary.rejected == (len(BROKEN) if kind != "parquet" else 5)
    assert len(rows_of(tmp_path, summary.files[2])) == 300
    assert {path.name for path in tmp_path.iterdir()} == set(summary.files)


def test_rows_that_are_there_twice_are_there_word_for_word(tmp_path: Path) -> None:
    summary = generate(tmp_path, customers=300, seed=5)
    in_time = {row["event_id"]: row for row in rows_of(tmp_path, "events.csv.gz")}
    late = rows_of(tmp_path, "events-late.csv.gz")
    again = [row for row in late if row["event_id"] in in_time]
    assert len(again) == summary.duplicate
    assert all(in_time[row["event_id"]] == row for row in again)
    assert len(again) < len(late)


@pytest.mark.parametrize("kind", FORMATS)
def test_equal_seeds_make_equal_bytes_and_others_do_not(tmp_path: Path, kind: Format) -> None:
    a, b, c = (tmp_path / name for name in "abc")
    summary = generate(a, customers=120, seed=1, format=kind)
    assert generate(b, customers=120, seed=1, format=kind) == summary
    generate(c, customers=120, seed=2, format=kind)
    assert all((a / name).read_bytes() == (b / name).read_bytes() for name in summary.files)
    assert (a / summary.files[0]).read_bytes() != (c / summary.files[0]).read_bytes()


def test_more_customers_change_nothing_about_those_in_earlier_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "BLOCK", 100)
    generate(tmp_path / "few", customers=100, seed=1)
    summary = generate(tmp_path / "many", customers=250, seed=1)
    expected = (summary.events, summary.accepted, summary.duplicate, summary.rejected)
    assert counts(tmp_path / "many", summary) == expected
    few = rows_of(tmp_path / "few", "events.csv.gz")
    assert rows_of(tmp_path / "many", "events.csv.gz")[: len(few)] == few
    truth = pl.read_parquet(tmp_path / "many" / "truth.parquet")
    assert truth["customer_id"].n_unique() == 250


def test_newest_record_is_the_microsecond_before_the_truth_holds(tmp_path: Path) -> None:
    summary = generate(tmp_path, customers=200, seed=3, format="parquet")
    newest = max(
        row["ts"]  # type: ignore[type-var]
        for name in summary.files[:2]
        for row in rows_of(tmp_path, name)
        if row["ts"] is not None
    )
    assert newest == datetime(2018, 6, 30, 23, 59, 59, 999_999, tzinfo=UTC)
    assert summary.as_of == "2018-07-01"


def test_refunds_are_negative_and_money_has_two_decimals(tmp_path: Path) -> None:
    generate(tmp_path, customers=300, seed=5)
    rows = [row for row in rows_of(tmp_path, "events.csv.gz") if not is_broken(row)]
    values = {
        kind: [str(row["value"]) for row in rows if row["type"] == kind] for kind in ("purchase", "refund")
    }
    assert min(float(value) for value in values["purchase"]) > 0
    assert max(float(value) for value in values["refund"]) < 0
    assert all(len(value.split(".")[1]) == 2 for kind in values.values() for value in kind)
    assert {row["type"] for row in rows if row["value"] is not None} == {"purchase", "refund"}


def test_some_answers_about_customers_are_missing(tmp_path: Path) -> None:
    generate(tmp_path, customers=400, seed=5)
    people = rows_of(tmp_path, "customers.ndjson.gz")
    for column, low, high in (("age", 0.04, 0.16), ("household_size", 0.08, 0.22), ("favourite", 0.2, 0.4)):
        missing = sum(row[column] is None for row in people) / len(people)
        assert low < missing < high, column
    assert all(row["tier"] in ("basic", "silver", "gold") for row in people)


@pytest.mark.parametrize("kind", FORMATS)
def test_its_configuration_loads(tmp_path: Path, kind: Format) -> None:
    summary = generate(tmp_path, customers=20, format=kind)
    config = load_config(tmp_path / "nba.toml")
    files = [Path(file).name for source in config.sources for file in source.files]
    assert files == list(summary.files[:3])
    assert config.workspace.as_of == "newest"


def test_command_line_prints_the_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--customers", "30", "--format", "ndjson.gz"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["customers"] == 30
    assert printed["events"] == printed["accepted"] + printed["duplicate"] + printed["rejected"]


def test_what_cannot_be_made_is_refused_with_what_can(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        generate(tmp_path, customers=0)
    with pytest.raises(UsageError, match="1 to 4 do"):
        generate(tmp_path, customers=5, months=6, waves=12)
    with pytest.raises(UsageError, match=r"csv\.gz, ndjson\.gz, parquet"):
        generate(tmp_path, customers=5, format="xml")  # type: ignore[arg-type]
    assert main([str(tmp_path), "--waves", "99"]) == 2
    assert "waves do not fit" in capsys.readouterr().err


@pytest.mark.slow
def test_sample_data_are_what_their_readme_says(tmp_path: Path) -> None:
    """The same command makes the same rows, and all of it fits into 3 MB."""
    summary = generate(tmp_path, customers=8000, seed=0)
    for name in summary.files:
        if name.endswith(".parquet"):
            assert pl.read_parquet(SAMPLE / name).equals(pl.read_parquet(tmp_path / name))
        else:
            unpack = gzip.decompress if name.endswith(".gz") else bytes
            assert unpack((SAMPLE / name).read_bytes()) == unpack((tmp_path / name).read_bytes()), name
    assert sum(path.stat().st_size for path in SAMPLE.iterdir()) < 3_000_000
    readme = (SAMPLE / "README.md").read_text(encoding="utf-8")
    for count in (summary.events, summary.accepted, summary.duplicate, summary.rejected):
        assert f"{count:,}" in readme
