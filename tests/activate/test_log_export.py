"""The exported log is the log: read again it gives the same, and other tools find what they look for."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from small_shop import Shop, source

from nbatool.activate.dsjson import dsjson_line
from nbatool.activate.log_export import ExportReport, ExportSettings, LogFormat, export_log
from nbatool.activate.log_rows import LogNames
from nbatool.base.clock import parse_time
from nbatool.base.errors import DataError, UsageError
from nbatool.features.labels import load_moment_actions
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.models.decision_table import read_decision_table
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import open_workspace

ROWS = [
    {
        "id": "d1", "who": "a", "ts": "2020-01-01T10:00:00Z", "action": "tea", "channel": "web", "p": "0.7",
        "among": '[{"id":"gift","channel":"email","probability":0.2},{"id":"tea","channel":"web","probability":0.7},'
        '{"id":"nothing","probability":0.1}]', "policy": "v1", "page": "home, \"sweet\" home", "age": 41, "click": 1, "spend": "2.55",
    },
    {"id": "d2", "ts": "2020-01-01T11:00:00.000001Z", "action": "nothing", "p": "0.3333333333333333", "click": 0},
    {"id": "d3", "who": "=b", "ts": "2020-01-02", "action": "gift", "channel": "email", "among": '["gift","tea"]'},
    {"id": "d4", "who": "ü", "ts": "2020-01-03", "action": "gift", "p": "0.25", "place": "2", "spend": "-0.0001",
     "among": '["cake"]', "page": "x"},
]  # fmt: skip
MAP = {
    "decision_id": "id", "customer_id": "who", "ts": "ts", "action_id": "action", "channel": "channel",
    "position": "place", "probability": "p", "policy": "policy", "candidates": "among", "context.page": "page",
    "context.age": "age::int", "outcome.click": "click", "outcome.spend": "spend",
}  # fmt: skip
LOG = {
    "decisions": "select d.* exclude (source, batch_id, candidate_set, context), c.candidates, "
    "nullif(context->>'page', 'null') as page, context->>'age' as age "
    "from decisions as d left join candidate_sets as c using (candidate_set) order by decision_id",
    "outcomes": "select decision_id, slot, outcome_id, objective, ts, value from outcomes order by all",
    "states": "select decision_id, status from contact_states order by all",
}
OBJECTIVES = '[[objective]]\nname = "click"\nwithin = "7d"\nweight = 0.5\n[[objective]]\nname = "spend"\nwithin = "7d"\n'


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path)
    columns = dict.fromkeys(key for row in ROWS for key in row)
    shop.write("d.ndjson", "".join(json.dumps({**columns, **row}) + "\n" for row in ROWS))
    outcomes = [
        {"d": "d1", "v": "3.5", "t": "2020-01-05"},
        {"d": "d3", "v": "1", "t": "2020-01-05T01:02:03.5Z"},
    ]
    shop.write("o.ndjson", "".join(json.dumps(row) + "\n" for row in outcomes))
    text = source("d.ndjson", name="log", kind="decisions", **MAP)
    text += source(
        "o.ndjson", name="crm", kind="outcomes", decision_id="d", value="v", ts="t", objective="'spend'"
    )
    shop.load(shop.configure(text + OBJECTIVES))
    return shop


def export(shop: Shop, log_format: LogFormat, **asked: Any) -> tuple[Path, ExportReport]:
    report = export_log(open_workspace(shop.root), ExportSettings(log_format, **asked))
    return Path(report.file), report


def read_again(path: Path, place: Path, **mapped: str) -> Shop:
    """Load an exported file into a workspace of its own."""
    place.mkdir()
    twin = Shop(place)
    name = twin.write(path.name, path.read_bytes()).name
    preset = f'[[source]]\nname = "again"\nkind = "decisions"\nfiles = ["{name}"]\npreset = "{mapped.get("preset")}"\n'
    text = (
        preset + OBJECTIVES if "preset" in mapped else source(name, name="again", kind="decisions", **mapped)
    )
    report = twin.load(twin.configure(text))
    assert report.totals.rejected == 0
    return twin


def test_dsjson_and_back(shop: Shop, tmp_path: Path) -> None:
    shop.rows("insert into contact_states values ('d4', 'released', null) returning 1")
    path, report = export(shop, "dsjson")
    missing = (report.without_probability, report.without_candidates, report.without_outcome, report.not_made)
    assert (report.rows, *missing) == (4, 1, 1, 0, 1)
    twin = read_again(path, tmp_path / "twin", preset="dsjson")
    for query in LOG.values():
        assert twin.rows(query) == shop.rows(query)
    assert export(twin, "dsjson")[0].read_bytes() == path.read_bytes()


def test_a_line_of_dsjson(shop: Shop) -> None:
    path, _ = export(shop, "dsjson")
    first, second, *_ = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert first == {
        "_label_cost": -(0.5 * 1 + 2.55 + 3.5), "_label_probability": 0.7, "_label_Action": 2, "_labelIndex": 1,
        "o": [
            {"v": 1.0, "EventId": "d1", "outcome_id": "click", "objective": "click"},
            {"v": 3.5, "EventId": "d1", "outcome_id": "spend@2020-01-05T00:00:00.000000Z", "objective": "spend",
             "ts": "2020-01-05T00:00:00.000000Z", "slot": None},
            {"v": 2.55, "EventId": "d1", "outcome_id": "spend", "objective": "spend"},
        ],
        "Timestamp": "2020-01-01T10:00:00Z", "Version": "1", "EventId": "d1", "a": [2, 1, 3], "p": [0.7, 0.2, 0.1],
        "c": {"page": 'home, "sweet" home', "age": 41, "_multi": [
            {"_tag": "gift", "channel": "email"}, {"_tag": "tea", "channel": "web"}, {"_tag": "nothing"},
        ]},
        "VWState": {"m": "v1"}, "customer_id": "a", "slot": 1,
    } | {"o": first["o"]}  # fmt: skip
    assert sorted(o["v"] for o in first["o"]) == [1.0, 2.55, 3.5]
    assert second["_label_cost"] == 0
    assert (second["action_id"], "_multi" in second["c"]) == ("nothing", False)


def test_csv_and_back(shop: Shop, tmp_path: Path) -> None:
    path, _ = export(shop, "csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["customer_id"] for row in rows] == ["a", "", "'=b", "ü"]
    assert [row["outcome_spend"] for row in rows] == ["6.05", "", "1.0", "-0.0001"]
    same = (
        "decision_id",
        "customer_id",
        "ts",
        "action_id",
        "channel",
        "position",
        "probability",
        "policy",
        "candidates",
    )
    twin = read_again(
        path, tmp_path / "twin", **{name: name for name in same}, **{"outcome.spend": "outcome_spend"}
    )
    columns = (
        "decision_id, as_of, slot, action_id, channel, probability, policy, candidate_set, probabilities"
    )
    query = f"select {columns} from decisions order by decision_id"
    assert twin.rows(query) == shop.rows(query)


def test_parquet_holds_what_csv_holds(shop: Shop) -> None:
    import polars as pl

    frame = pl.read_parquet(export(shop, "parquet")[0])
    with export(shop, "csv")[0].open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert frame.columns == list(rows[0])
    for row, whole in zip(rows, frame.to_dicts(), strict=True):
        for name, value in whole.items():
            text = row[name].removeprefix("'")
            assert text == ("" if value is None else str(value)), name


def test_obp_and_back(shop: Shop, tmp_path: Path) -> None:
    path, _ = export(shop, "obp")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:5] == ["timestamp", "item_id", "position", "click", "propensity_score"]
    assert [row["click"] for row in rows] == ["6.55", "0.0", "1.0", "-0.0001"]
    assert [row["user_feature_age"] for row in rows] == ["41", "", "", ""]
    twin = read_again(path, tmp_path / "twin", preset="obp")
    query = (
        "select decision_id, as_of, slot, action_id, channel, probability, policy from decisions order by 1"
    )
    assert twin.rows(query) == shop.rows(query)


def test_only_some(shop: Shop) -> None:
    def ids(**asked: Any) -> list[str]:
        lines = export(shop, "dsjson", **asked)[0].read_text(encoding="utf-8").splitlines()
        return [json.loads(line)["EventId"] for line in lines]

    second, third = parse_time("2020-01-01T11:00:00.000001Z"), parse_time("2020-01-02")
    assert ids(from_us=second) == ["d2", "d3", "d4"]
    assert ids(until_us=third) == ["d1", "d2"]
    assert ids(from_us=second, until_us=third) == ["d2"]
    assert ids(source="log") == ["d1", "d2", "d3", "d4"]
    with pytest.raises(UsageError, match='--source "lög": the log has decisions of log; did you mean "log"'):
        ids(source="lög")
    with pytest.raises(
        DataError, match=r"no decision lies between .* from 2020-01-01T10:00:00Z to 2020-01-03"
    ):
        ids(from_us=parse_time("2021-01-01"))


def test_nothing_is_logged(tmp_path: Path) -> None:
    Shop(tmp_path).configure("")
    with pytest.raises(DataError, match="no decision is logged yet"):
        export_log(open_workspace(tmp_path), ExportSettings("csv"))
    assert not (tmp_path / "out").exists()


def test_a_slot_and_a_chosen_one_that_was_no_candidate() -> None:
    row = dict.fromkeys(
        ("channel", "probability", "probability_in_arm", "policy", "context", "probabilities", "outcomes")
    )
    row |= {
        "decision_id": "d",
        "customer_id": "c",
        "as_of_us": 0,
        "slot": 2,
        "action_id": "tea",
        "arm": "random",
    }
    row |= {"status": "released", "is_skipped": True, "outcome": None, "candidates": '[["gift",null]]'}
    assert json.loads(dsjson_line(row, LogNames((), (), {}))) == {
        "o": [], "Timestamp": "1970-01-01T00:00:00Z", "Version": "1", "EventId": "d", "a": [1],
        "c": {"_multi": [{"_tag": "gift"}]}, "customer_id": "c", "slot": 2, "arm": "random", "action_id": "tea",
        "_skipLearn": True,
    }  # fmt: skip


@pytest.fixture
def mailing(tmp_path: Path) -> Shop:
    """Three outcomes came with each decision, one of them is the objective; spend is clipped and counts double."""
    shop = Shop(tmp_path)
    rows = [
        {"id": "d1", "who": "a", "ts": "2020-01-01", "action": "mail", "visit": 1, "conversion": 1, "spend": "30"},
        {"id": "d2", "who": "b", "ts": "2020-01-01", "action": "mail", "visit": 1, "conversion": 0, "spend": "0"},
        {"id": "d3", "who": "c", "ts": "2020-01-01", "action": "nothing", "visit": 0, "conversion": 0, "spend": "2.5"},
        {"id": "d4", "who": "d", "ts": "2020-02-01", "action": "mail", "visit": 1, "conversion": 0, "spend": None},
    ]  # fmt: skip
    shop.write("d.ndjson", "".join(json.dumps(row) + "\n" for row in rows))
    told = [
        {"d": "d2", "v": "500", "t": "2019-12-31"},  # before the decision
        {"d": "d3", "v": "700", "t": "2020-01-08"},  # the window has ended
        {"d": "d3", "v": "1", "t": "2020-01-07T23:59:59Z"},
        {"d": "d4", "v": "9", "t": "2020-02-02"},
    ]
    shop.write("o.ndjson", "".join(json.dumps(row) + "\n" for row in told))
    names = {f"outcome.{name}": name for name in ("visit", "conversion", "spend")}
    text = source(
        "d.ndjson", name="log", kind="decisions", decision_id="id", customer_id="who", ts="ts",
        action_id="action", **names,
    )  # fmt: skip
    text += source(
        "o.ndjson", name="crm", kind="outcomes", decision_id="d", value="v", ts="t", objective="'spend'"
    )
    objective = '[[objective]]\nname = "spend"\nwithin = "7d"\nclip_event = 20.0\nweight = 2.0\n'
    shop.load(shop.configure(text + objective))
    return shop


def test_what_is_no_objective_is_no_part_of_the_outcome(mailing: Shop) -> None:
    def read(log_format: LogFormat, column: str) -> list[str]:
        path, report = export(mailing, log_format, as_of_us=parse_time("2020-02-05"))
        assert report.without_outcome == 1  # whose window is open
        with path.open(encoding="utf-8", newline="") as file:
            return [row[column] for row in csv.DictReader(file)]

    brought = ["40.0", "0.0", "7.0", ""]
    assert read("csv", "outcome") == brought
    assert read("obp", "click") == brought
    # What was told before the decision, or after the window, is no outcome of it in any column.
    assert read("csv", "outcome_spend") == ["30.0", "0.0", "3.5", "9.0"]
    assert read("csv", "outcome_visit") == ["1.0", "1.0", "0.0", "1.0"]
    path, _ = export(mailing, "dsjson", as_of_us=parse_time("2020-02-05"))
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [line.get("_label_cost") for line in lines] == [-40.0, 0.0, -7.0, None]
    assert [[o["outcome_id"] for o in line["o"]] for line in lines] == [
        ["closed"], ["spend"], ["spend", "spend@2020-01-07T23:59:59.000000Z"], ["spend@2020-02-02T00:00:00.000000Z"],
    ]  # fmt: skip


def test_the_outcome_is_the_one_that_is_judged(mailing: Shop) -> None:
    """Events count too, and of each objective what its measure and clips leave of it."""
    text = (mailing.root / "nba.toml").read_text().split("\n", 3)[3]
    objectives = (
        '[[objective]]\nname = "paid"\nevent = "buy"\nwithin = "7d"\nclip_outcome = 50.0\n'
        '[[objective]]\nname = "visit"\nmeasure = "any"\nwithin = "7d"\nweight = 3.0\n'
    )
    mailing.write("e.csv", "id,ts,type,value\na,2020-01-02,buy,80\nb,2019-12-31,buy,9\nc,2020-01-07,buy,4\n")
    mapped = {"customer_id": "id", "ts": "ts", "type": "type", "value": "value"}
    text = text[: text.index("[[objective]]")] + objectives + source("e.csv", name="till", **mapped)
    mailing.load(workspace := mailing.configure(text))
    path, _ = export(mailing, "obp")
    with path.open(encoding="utf-8", newline="") as file:
        clicks = {row["decision_id"]: float(row["click"]) for row in csv.DictReader(file)}
    assert clicks == {"d1": 53.0, "d2": 3.0, "d3": 4.0, "d4": 3.0}
    objective_terms = OutcomeTerms.of(workspace.config).objectives
    with open_warehouse(workspace) as warehouse:
        con, until = warehouse.con, parse_time("2030-01-01")
        table = read_decision_table(con, objective_terms, from_us=0, until_us=until, closed_us=until)
        assert table is not None
        con.execute(
            "create or replace temp table moments as select row as moment, customer_id, as_of from logged"
        )
        load_moment_actions(con, table.action_id.tolist())
        judged = table.brought(objective_terms)
    assert judged.tolist() == list(clicks.values())
