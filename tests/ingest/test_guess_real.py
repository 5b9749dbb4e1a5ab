"""The guess on public data: the counts that the files are known to have, and a workspace that ingests."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbatool.ingest.guess import Guess, guess_workspace, render_report, render_toml
from nbatool.ingest.load import load
from nbatool.ingest.report import IngestReport
from nbatool.store.workspace import open_workspace

pytestmark = pytest.mark.real_data


def ingested(guess: Guess, folder: Path) -> IngestReport:
    """Show the rows, then load them."""
    (folder / "nba.toml").write_text(render_toml(guess))
    shown = load(open_workspace(folder), dry_run=True)
    assert [len(source.preview) for source in shown.sources] == [5] * len(guess.sources)
    return load(open_workspace(folder))


def test_starbucks(real_data: Path, tmp_path: Path) -> None:
    files = [
        real_data / "starbucks" / name for name in ("transcript.json.gz", "profile.json", "portfolio.json")
    ]
    guess = guess_workspace(files, tmp_path)
    assert render_report(guess, 100).splitlines() == EXPECTED.splitlines()
    assert guess.as_of == "newest"
    report = ingested(guess, tmp_path)
    assert [(s.name, s.counts.rows, s.counts.accepted) for s in report.sources] == [
        ("transcript", 306_534, 306_534), ("profile", 17_000, 17_000),
    ]  # fmt: skip


EXPECTED = """\
transcript.json.gz   events: 306,534 rows, NDJSON in gzip (114 blank lines passed over)
  customer_id   person                                          17,000 different
  type          event                                           4 different
  action_id     coalesce(value->>'offer_id', value->>'offer id')  all 10 in portfolio.json
  value         coalesce(value->>'amount', value->>'reward')
  ts          ? timestamp '2018-07-27' + to_hours(time::bigint)
profile.json         customers: 17,000 rows, all with events
  attributes    gender, age, income, member_since (became_member_on, %Y%m%d)
  age         ? 118 read as unknown: 2,175 rows, exactly those without gender
portfolio.json       catalogue: 10 actions on email, mobile, social, web

  type                rows     role       why
  transaction      138,953     purchase   carries an amount
  offer received    76,277     contact    sent to many at the same 6 times
  offer viewed      57,725     engage     follows a contact
  offer completed   33,579     convert    follows a contact, carries a reward

  objective     spend within 5d (each event clipped at 100: 478 of 138,953 exceed it)
                less reward within 5d
  target        purchase_5d
  cost          0 a contact: assumed, none is known: with 0 almost everybody is worth contacting
  currency      USD: assumed, no file names one
  as_of         newest: just after the newest record: data until 2018-08-25 are old

Not sure about 3 things, marked "# ?" in nba.toml:
  1. time is 0 to 714, no date. Read as hours from the day after the newest
     became_member_on (2018-07-26). Change the date if you know it.
  2. age 118 looks like "not given".
  3. no probability in the log: if you know how offers were given out, set it."""


@pytest.mark.parametrize(
    ("files", "kind", "rows", "records", "lines"),
    [
        (["cdnow/CDNOW_master.txt"], "events", 69_659, 69_659,
         {"customer_id": "customer_id", "ts": "strptime(date, '%Y%m%d')", "value": "dollar_value::decimal(18,4)"}),
        (["cdnow/CDNOW_sample.txt"], "events", 6_919, 6_919,
         {"customer_id": "column_1", "ts": "strptime(column_3, '%Y%m%d')", "value": "column_5::decimal(18,4)"}),
        (["completejourney/transactions.parquet"], "events", 1_469_307, 155_848,
         {"customer_id": "household_id", "ts": "min(transaction_timestamp)", "value": "sum(sales_value)"}),
        (["hillstrom/hillstrom.csv.gz"], "customers", 64_000, 64_000, {"customer_id": "_row"}),
        (["bank_marketing/bank-additional-full.csv.gz"], "customers", 41_188, 41_188,
         {"customer_id": "_row", "attributes.pdays": "nullif(pdays::int, 999)",
          "attributes.emp_var_rate": '"emp.var.rate"::double'}),
        (["yoochoose/clicks_100k_train_full.tsv.gz", "yoochoose/clicks_100k_test.tsv.gz"], "events", 83_846, 83_846,
         {"customer_id": "SessionId", "ts": "to_timestamp(Time::double)", "type": "'click'"}),
    ],
)  # fmt: skip
def test_other_data(
    real_data: Path,
    tmp_path: Path,
    files: list[str],
    kind: str,
    rows: int,
    records: int,
    lines: dict[str, str],
) -> None:
    guess = guess_workspace([real_data / name for name in files], tmp_path)
    (source,) = guess.sources
    assert (source.kind, source.rows) == (kind, rows)
    assert {line.canonical: line.expression for line in source.map if line.canonical in lines} == lines
    (report,) = ingested(guess, tmp_path).sources
    assert (report.counts.rows, report.counts.accepted) == (records, records)


def test_hillstrom_keeps_outcomes_out_of_the_attributes(real_data: Path, tmp_path: Path) -> None:
    guess = guess_workspace([real_data / "hillstrom" / "hillstrom.csv.gz"], tmp_path)
    (source,) = guess.sources
    names = {line.canonical.removeprefix("attributes.") for line in source.attributes}
    assert names == {
        "recency",
        "history",
        "history_segment",
        "mens",
        "womens",
        "zip_code",
        "newbie",
        "channel",
    }
    assert source.campaign is not None
    assert source.campaign.treatments == ("Mens E-Mail", "No E-Mail", "Womens E-Mail")
    assert "no customer id and no date" in render_report(guess, 100)
