"""The catalogue of nba.toml and its file: formats, merge order, and what is refused."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nbatool.base.clock import parse_time
from nbatool.base.config import load_config
from nbatool.base.errors import ConfigError, DataError, ExitCode
from nbatool.base.records import Action
from nbatool.ingest.catalogue import load_catalogue

MAP = '[catalogue.map]\nid = "id"\nchannels = "channels"\n'


def catalogue(
    folder: Path, text: str, files: dict[str, str | bytes] | None = None, zone: str = "UTC"
) -> tuple[Action, ...]:
    for name, content in (files or {}).items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    (folder / "nba.toml").write_text(f'[workspace]\ntimezone = "{zone}"\n{text}', encoding="utf-8")
    return load_catalogue(load_config(folder / "nba.toml"))


def of_file(
    folder: Path, name: str, content: str | bytes, mapped: str = "", rest: str = ""
) -> tuple[Action, ...]:
    return catalogue(folder, f'[catalogue]\nfile = "{name}"\n{MAP}{mapped}\n{rest}', {name: content})


@pytest.mark.real_data
def test_starbucks(real_data: Path, examples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBATOOL_REAL_DATA", str(real_data))
    actions = load_catalogue(load_config(examples / "starbucks" / "nba.toml"))
    assert len(actions) == 10
    assert [action.id for action in actions] == sorted(action.id for action in actions)
    bogo = next(action for action in actions if action.id == "ae264e3637204a6fb9bb56bc8210ddfd")
    assert bogo.name == "bogo 10/10 7d"
    assert bogo.channels == ("email", "mobile", "social")
    assert bogo.tags == ("bogo",)
    assert bogo.attributes == {"difficulty": 10.0, "duration_days": 7.0, "reward": 10.0}
    assert bogo.cost == 0.05


@pytest.mark.real_data
def test_openbandit(real_data: Path, examples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBATOOL_REAL_DATA", str(real_data))
    actions = load_catalogue(load_config(examples / "openbandit" / "nba.toml"))
    assert {action.id for action in actions} == {str(k) for k in range(34)}
    assert {action.channels for action in actions} == {("web",)}
    assert all(list(a.attributes) == [f"item_feature_{k}" for k in range(4)] for a in actions)
    assert actions[0].attributes["item_feature_0"] == "-0.6771831139635117"


@pytest.mark.real_data
def test_examples_without_a_file(real_data: Path, examples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBATOOL_REAL_DATA", str(real_data))
    assert load_catalogue(load_config(examples / "hillstrom" / "nba.toml")) == (
        Action("mens", "mens", ("email",)),
        Action("womens", "womens", ("email",)),
    )
    assert load_catalogue(load_config(examples / "cdnow" / "nba.toml")) == ()


def test_sample_data(root: Path) -> None:
    actions = load_catalogue(load_config(root / "sample_data" / "nba.toml"))
    assert len(actions) == 8
    assert actions[0] == Action(
        "bundle_tip", "Tip: bundles for a full house", ("email", "web"), ("advice", "household"), 0.25,
        attributes={"discount": 0.0},
    )  # fmt: skip


def test_every_format(tmp_path: Path) -> None:
    csv = 'id,channels,cost\n007,"[""web"", ""sms""]",1.50\n8,email,\n'
    lines = '{"id": 10, "channels": ["web"], "cost": 1.5}\n'
    table = pa.table({"id": [7], "channels": [["web"]], "cost": pa.array([1.5], pa.float64())})
    pq.write_table(table, tmp_path / "made.parquet")
    cost = 'cost = "cost"'
    expected = (Action("007", "007", ("web", "sms"), cost=1.5), Action("8", "8", ("email",)))
    assert of_file(tmp_path, "a.csv", csv, cost) == expected
    assert of_file(tmp_path, "a.csv.gz", gzip.compress(csv.encode()), cost) == expected
    assert (
        of_file(tmp_path, "a.tsv.bz2", bz2.compress(b"id\tchannels\tcost\n8\temail\t\n"), cost)
        == expected[1:]
    )
    ten = (Action("10", "10", ("web",), cost=1.5),)
    assert of_file(tmp_path, "a.ndjson", lines, cost) == ten
    assert of_file(tmp_path, "a.json", f"[{lines}]", cost) == ten
    made = of_file(tmp_path, "b.parquet", (tmp_path / "made.parquet").read_bytes(), cost)
    assert made == (Action("7", "7", ("web",), cost=1.5),)


def test_every_key(tmp_path: Path) -> None:
    mapped = "\n".join(
        f'{key} = "{key}"'
        for key in ("name", "tags", "cost", "cost_per_conversion", "target", "value_per_response", "eligible_when",
                    "applicable_when", "starts", "ends", "stock", "lever")
    )  # fmt: skip
    row = (
        '{"id": "a", "name": "A", "channels": ["web", "web"], "tags": "promo", "cost": -1, "cost_per_conversion": 2, '
        '"target": "buy", "value_per_response": 3.5, "eligible_when": "age > 18", '
        '"applicable_when": "visits_7d > 0", "starts": "2018-03-25", '
        '"ends": "2018-10-28", "stock": 5.0, "lever": 0.5}'
    )
    target = '[[target]]\nname = "buy"\nevent = "purchase"\nwithin = "30d"\n'
    text = f'[catalogue]\nfile = "a.ndjson"\n{MAP}{mapped}\n{target}'
    (action,) = catalogue(tmp_path, text, {"a.ndjson": row}, zone="Europe/Berlin")
    assert action == Action(
        "a", "A", ("web",), ("promo",), -1.0, 2.0, "buy", 3.5, {}, "age > 18",
        parse_time("2018-03-24T23:00:00Z"), parse_time("2018-10-28T23:00:00Z"), 5, 0.5, "visits_7d > 0",
    )  # fmt: skip
    assert isinstance(action.stock, int)


def test_attributes_keep_their_types(tmp_path: Path) -> None:
    mapped = """
attributes.number = "n::decimal(10, 2)"
attributes.text = "n"
attributes.yes = "n::double > 1"
attributes.day = "d::date"
attributes.time = "d::timestamp"
attributes.none = "nullif(n, '2')"
attributes.list = "[n]"
attributes.nan = "case when n = '2' then 'nan'::double end"
"""
    (action,) = of_file(tmp_path, "a.csv", "id,channels,n,d\nx,web,2,2018-07-01\n", mapped)
    assert action.attributes == {
        "number": 2.0, "text": "2", "yes": True, "day": "2018-07-01", "time": "2018-07-01T00:00:00Z", "none": None,
        "list": '["2"]', "nan": None,
    }  # fmt: skip
    assert action.attributes["yes"] is True


def test_attribute_patterns(tmp_path: Path) -> None:
    csv = "id,channels,f_a,f_b,g\nx,web,1,,3\n"
    (action,) = of_file(tmp_path, "a.csv", csv, 'attributes = ["f_*", "g"]')
    assert action.attributes == {"f_a": "1", "f_b": None, "g": "3"}
    with pytest.raises(ConfigError, match=r'nba.toml:8: \[catalogue.map\] attributes: .* matches "h_\*"'):
        of_file(tmp_path, "a.csv", csv, 'attributes = ["h_*"]')


def test_merge_order(tmp_path: Path) -> None:
    rest = """
[catalogue.defaults]
cost = 0.1
tags = ["all"]
attributes = { size = 1, kind = "plain" }
[[action]]
id = "b"
cost = 9
stock = 3
attributes = { size = 7, fresh = true, since = 2018-07-01 }
[[action]]
id = "c"
channels = ["web"]
"""
    csv = "id,channels,cost,size,tags\na,web,0,5,\nb,sms,2,,x\n"
    mapped = """
cost = "cost"
tags = "tags"
attributes.size = "nullif(size, '')::int"
"""
    a, b, c = of_file(tmp_path, "a.csv", csv, mapped, rest)
    assert a == Action("a", "a", ("web",), ("all",), 0.0, attributes={"size": 5.0, "kind": "plain"})
    assert b == Action(
        "b", "b", ("sms",), ("x",), 9.0, stock=3,
        attributes={"size": 7.0, "kind": "plain", "fresh": True, "since": "2018-07-01"},
    )  # fmt: skip
    assert c == Action("c", "c", ("web",), ("all",), 0.1, attributes={"size": 1.0, "kind": "plain"})


def test_ends_includes_its_day(tmp_path: Path) -> None:
    text = '[[action]]\nid = "a"\nchannels = "web"\nstarts = 2018-07-01\nends = 2018-07-01\n'
    (action,) = catalogue(tmp_path, text, zone="America/New_York")
    assert action.starts_us == parse_time("2018-07-01T04:00:00Z")
    assert action.ends_us == parse_time("2018-07-02T04:00:00Z")


def test_every_incomplete_action_is_told(tmp_path: Path) -> None:
    mapped = 'value_per_response = "v"\nstarts = "s"'
    rest = '[[action]]\nid = "b"\nends = 2018-07-01\n[[action]]\nid = "c"\n'
    csv = "id,channels,v,s\na,web,3,\nb,sms,,2018-08-01\n"
    with pytest.raises(ConfigError) as caught:
        of_file(tmp_path, "a.csv", csv, mapped, rest)
    said = [(problem.line, problem.message) for problem in caught.value.problems]
    assert said == [
        (
            8,
            'action "a" (a.csv row 1): value_per_response needs the response it is for; add  target = "purchase_30d"',
        ),
        (12, 'action "b" (a.csv row 2): ends 2018-07-01 lies before starts, 2018-08-01'),
        (13, '[[action]] "c": no channel; add  channels = ["email"]  or map a column to channels'),
    ]


def test_unknown_target_in_defaults(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'no \[\[target\]\] is called "buy"'):
        of_file(tmp_path, "a.csv", "id,channels\na,web\n", rest='[catalogue.defaults]\ntarget = "buy"')


def test_faults_of_rows_are_told_at_once(tmp_path: Path) -> None:
    csv = (
        "id,channels,cost,stock,starts\n"
        "a,web,cheap,-1,soon\n"
        ",web,,,\n"
        "nothing,web,,,\n"
        "b,web,,1.5,2018-02-30\n"
        "b,['web'],nan,,\n"
        "b,web,,,\n"
    )
    mapped = """
cost = "cost"
stock = "stock"
starts = "starts"
lever = "nullif(cost, '')::double"
"""
    with pytest.raises(DataError) as caught:
        of_file(tmp_path, "a.csv", csv, mapped)
    assert caught.value.exit_code == ExitCode.DATA
    lines = str(caught.value).splitlines()
    assert "a.csv row 1: cost is not a number: 'cheap'" in lines
    assert "a.csv row 1: stock must not be negative: -1" in lines
    assert any(
        line.startswith("a.csv row 1: starts is not a day such as 2018-07-01: 'soon'") for line in lines
    )
    assert any(
        line.startswith("a.csv row 1: lever cannot be read: \"nullif(cost, '')::double\" fails")
        for line in lines
    )
    assert "a.csv row 2: the id is empty; every action needs one" in lines
    assert any(line.startswith('a.csv row 3: the id "nothing" is that of doing nothing') for line in lines)
    assert "a.csv row 4: stock must be a whole number: 1.5" in lines
    assert any(line.startswith("a.csv row 4: starts is not a day") for line in lines)
    assert any(line.startswith("a.csv row 5: channels is not a list: \"['web']\"") for line in lines)
    assert "a.csv row 5: cost is not a number: 'nan'" in lines
    assert 'a.csv row 6: the id "b" stands on row 4 already; each action has one row' in lines


def test_a_row_that_is_no_json_object(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.ndjson line 2: not"):
        of_file(tmp_path, "a.ndjson", '{"id": "a", "channels": ["web"]}\n{"id": \n')


def test_a_list_holds_texts_only(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.json line 1: channels holds null, not a text"):
        of_file(tmp_path, "a.json", '[{"id": "a", "channels": ["web", null]}]')


@pytest.mark.parametrize("content", ["", "\n", "id,channels\n", "[]"])
def test_an_empty_file(tmp_path: Path, content: str) -> None:
    with pytest.raises(DataError, match=r"a\.(csv|json)"):
        of_file(tmp_path, "a.json" if content == "[]" else "a.csv", content)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        catalogue(tmp_path, f'[catalogue]\nfile = "a.csv"\n{MAP}')
    with pytest.raises(DataError, match="no such file"):
        catalogue(tmp_path, f'[catalogue]\nfile = "*.csv"\n{MAP}')


def test_no_catalogue(tmp_path: Path) -> None:
    assert catalogue(tmp_path, "") == ()


def test_expressions_obey_the_allow_list(tmp_path: Path) -> None:
    mapped = 'name = "nme"\ntags = "(select 1)"\ncost = "[1]"\nattributes.x = "getenv(\'HOME\')"'
    with pytest.raises(ConfigError) as caught:
        of_file(tmp_path, "a.csv", "id,channels,name\na,web,b\n", mapped)
    said = {problem.line: problem.message for problem in caught.value.problems}
    assert list(said) == [8, 9, 11]
    assert 'did you mean "name"?' in said[8]
    assert said[9].startswith("[catalogue.map] tags: a query is not allowed")
    with pytest.raises(
        ConfigError, match=r"nba.toml:8: \[catalogue.map\] cost: gives a list \(integer\[\]\)"
    ):
        of_file(tmp_path, "a.csv", "id,channels\na,web\n", 'cost = "[1]"')


def test_types_duckdb_refuses(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nba.toml:8: \[catalogue.map\] cost: "):
        of_file(tmp_path, "a.csv", "id,channels\na,web\n", "cost = \"id + date '2018-01-01'\"")


def test_keys_of_later_json_rows(tmp_path: Path) -> None:
    rows = [f'{{"id": {k}, "channels": ["web"]}}' for k in range(1100)]
    rows.append('{"id": "x", "channels": ["web"], "late": "yes"}')
    actions = of_file(tmp_path, "a.ndjson", "\n".join(rows), 'attributes.late = "late"')
    assert len(actions) == 1101
    assert actions[-1].attributes == {"late": "yes"}
    assert actions[0].attributes == {"late": None}
