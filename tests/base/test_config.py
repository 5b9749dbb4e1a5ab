"""nba.toml: the examples load, and every mistake is named with its line."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from nbatool.base import config as config_module
from nbatool.base.config import Config, config_schema, load_config
from nbatool.base.config_words import allowed_keys
from nbatool.base.errors import ConfigError

SOURCE = '[[source]]\nname = "s"\nkind = "events"\n[source.map]\ncustomer_id = "c"\nts = "t"\ntype = "e"\n'


@pytest.fixture(autouse=True)
def in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def load(text: str) -> Config:
    Path("nba.toml").write_text(text, encoding="utf-8")
    return load_config(Path("nba.toml"))


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert caught.value.exit_code == 3
    return [str(problem) for problem in caught.value.problems]


def test_an_empty_file_is_all_defaults() -> None:
    config = load("")
    assert config.workspace.currency == "USD"
    assert config.workspace.fresh_within == 2 * 86_400
    assert (config.clv.horizon, config.clv.grain) == (365 * 86_400, 86_400)
    assert config.catalogue.allow_nothing


def test_everything_of_the_design_is_understood() -> None:
    config = load(
        """
[workspace]
timezone = "America/New_York"
as_of = 2018-08-25T18:00:00Z
[[source]]
name = "transcript"
kind = "events"
files = "events/*.csv"
delimiter = "whitespace"
header = false
columns = ["a", "b"]
group_by = ["a"]
[source.lookup.c]
file = "/abs/c.parquet"
on = "a"
[source.map]
customer_id = "a"
ts = "b"
type = "'x'"
attributes = ["user_*"]
[roles]
purchase = "x"
[[objective]]
name = "spend"
event = "x"
within = "5d"
[[feature]]
name = "spend_trend"
kind = "rate"
role = "purchase"
within = "7d"
long_within = "4w"
where = { channel = "email" }
[[target]]
name = "buys"
event = "x"
within = "30d"
[catalogue]
defaults = { channels = ["email"], cost = 1 }
[[action]]
id = "a"
tags = ["promo"]
target = "buys"
starts = 2018-07-01
attributes = { difficulty = 10, gold = true, label = "x", ratio = 0.5 }
"""
    )
    source = config.sources[0]
    assert source.files == (Path.cwd() / "events/*.csv",)
    assert source.lookup["c"].file == Path("/abs/c.parquet")
    assert source.map.columns == {"customer_id": "a", "ts": "b", "type": "'x'"}
    assert source.map.attribute_patterns == ("user_*",)
    assert config.workspace.as_of == "2018-08-25T18:00:00+00:00"
    assert config.roles["purchase"] == ("x",)
    assert dict(config.roles.items()) == {"purchase": ("x",)}
    assert config.features[0].long_within == 28 * 86_400
    assert config.actions[0].starts == date(2018, 7, 1)
    assert config.actions[0].attributes == {"difficulty": 10, "gold": True, "label": "x", "ratio": 0.5}
    assert config.catalogue.defaults.cost == 1.0
    assert config.line_of("source", "transcript", "map", "ts") == 18
    assert config.line_of("action", "a", "tags") == config.line_of("action", 0, "starts", "x") - 2  # type: ignore[operator]
    assert str(config.problem("no column", "source", 0, "map", "ts")) == "nba.toml:18: no column"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '[[objective]]\nname = "spend"\nwithin = "5d"\nwindw = "5d"',
            'nba.toml:4: [[objective]] "spend": unknown key "windw"; did you mean "within"?',
        ),
        (
            "[workspace]\nzzz = 1",
            'nba.toml:2: [workspace] unknown key "zzz" (allowed: currency, timezone, as_of, fresh_within)',
        ),
        ('[clv]\ngrain = "36h"', "nba.toml:2: [clv] grain: 36h must be whole days, such as 1d or 7d"),
        ("[worspace]\n", 'nba.toml:1: unknown table [worspace]; did you mean "workspace"?'),
        ('[[target]]\nname = "a"\nevent = "b"', 'nba.toml:1: [[target]] "a": "within" is missing'),
        (
            '[[target]]\nname = "a"\nevent = "b"\nwithin = 30',
            'nba.toml:4: [[target]] "a": within: must say its unit: write "30d" for 30 days (s, m, h, d, w)',
        ),
        (
            '[[target]]\nname = "a"\nevent = "b"\nwithin = "30 days"',
            'nba.toml:4: [[target]] "a": within: "30 days" is not a duration: write a whole number and a unit '
            "(s seconds, m minutes, h hours, d days, w weeks), such as 30d",
        ),
        (
            '[[target]]\nname = "a"\nevent = "b"\nwithin = "1d"\nhappens = "no"',
            'nba.toml:5: [[target]] "a": happens: must be true or false, not "no"',
        ),
        ("[clv]\nmargin = true", "nba.toml:2: [clv] margin: must be a number, not true"),
        ("[clv]\nmargin = nan", "nba.toml:2: [clv] margin: must be a finite number (is nan)"),
        ('[workspace]\ntimezone = "Europe/Berln"',
         'nba.toml:2: [workspace] timezone: "Europe/Berln" is not a time zone; did you mean "Europe/Berlin"? '
         "(zones are named like UTC or America/New_York)"),
        ('[workspace]\ncurrency = "usd"',
         'nba.toml:2: [workspace] currency: "usd" must be a currency\'s three letters, such as "USD"'),
        ('[workspace]\nas_of = "soon"',
         'nba.toml:2: [workspace] as_of: "soon" must be "now", "newest" or a time such as 2018-08-25T18:00:00Z'),
        ('[[source]]\nname = "s"\nkind = "event"\nmap = {}',
         'nba.toml:3: [[source]] "s": kind = "event" is not known; did you mean "events"? '
         "(allowed: events, customers, decisions, outcomes, consent)"),
        (SOURCE.replace('ts = "t"\n', ""),
         'nba.toml:4: [source.map] "ts" is missing: events need customer_id, ts, type'),
        (SOURCE + 'probability = "1"',
         'nba.toml:8: [source.map] probability: events have no column "probability" '
         "(they have customer_id, ts, type, event_id, value, action_id, channel, decision_id, attributes)"),
        (SOURCE + "attributes.age = 5", "nba.toml:8: [source.map.attributes] age: must be a text, not a number"),
        (SOURCE.replace("[source.map]", 'preset = "segment"\n[source.map]'),
         'nba.toml:4: [[source]] "s": preset: a source has a preset or a map, not both'),
        (SOURCE + '[source.lookup.c]\nfile = "x"', 'nba.toml:8: [source.lookup.c] "on" is missing'),
        (SOURCE.replace("[source.map]", 'delimiter = ""\n[source.map]'),
         'nba.toml:4: [[source]] "s": delimiter: "" must be one character, such as "," or "\\t", or "whitespace"'),
        ("[exploration]\nshare = 1.5", "nba.toml:2: [exploration] share: must be less than or equal to 1 (is 1.5)"),
        ("[exploration]\nshare = 0.01\nmin_probability = 0.02",
         "nba.toml:3: [exploration] min_probability 0.02 is more than share 0.01: not even two candidates could have it. "
         "Lower it, or raise share"),
        ('[exploration]\nmethod = "thomson"',
         'nba.toml:2: [exploration] method = "thomson" is not known; did you mean "thompson"? '
         "(allowed: inverse_gap, thompson, optimistic, epsilon, greedy)"),
        ("[experiment]\ncontrol = 0.6\ncomponent_arms = 0.5",
         "nba.toml:3: [experiment] control and component_arms are 1.1 together; at most 1"),
        ("[evaluate]\nmin_gain = { loged = 0.0 }",
         'nba.toml:2: [evaluate.min_gain] "loged" is no baseline; known are logged, nothing, random, best_single, greedy, rules, '
         "champion"),
        ('[[objective]]\nname = "a"\nmeasure = "lifetime_value"\nwithin = "1d"',
         'nba.toml:3: [[objective]] "a": measure = "lifetime_value" needs to know the purchases: '
         'add  [roles] purchase = ["..."]'),
        ('[roles]\npurchase = ["buy"]\n[[objective]]\nname = "a"\nmeasure = "lifetime_value"\nwithin = "1d"\nevent = "visit"',
         'nba.toml:7: [[objective]] "a": event = "visit" is not a purchase; [roles] purchase has buy. '
         "Without an event all of them count"),
        ('[roles]\npurchase = ["buy"]\n[[objective]]\nname = "a"\nmeasure = "lifetime_value"\nwithin = "1d"\n'
         "unsubscribe_cost = 2",
         'nba.toml:7: [[objective]] "a": unsubscribe_cost needs to know what unsubscribes: '
         'add  [roles] unsubscribe = ["..."]'),
        ('[[objective]]\nname = "a"\nevent = "buy"\nwithin = "1d"\nunsubscribe_cost = 2',
         'nba.toml:5: [[objective]] "a": unsubscribe_cost belongs to measure = "lifetime_value"'),
        ('[roles]\npurchase = ["buy"]\n[[objective]]\nname = "spend"\nevent = "buy"\nwithin = "1d"\n'
         '[[objective]]\nname = "a"\nmeasure = "lifetime_value"\nwithin = "1d"',
         'nba.toml:3: [[objective]] "spend": measure = "sum" is money, which the lifetime value of [[objective]] "a" '
         "counts already. Keep one of the two"),
        ('[roles]\npurchase = ["buy"]\n[[objective]]\nname = "a"\nmeasure = "lifetime_value"\nwithin = "1d"\n'
         '[[objective]]\nname = "b"\nmeasure = "lifetime_value"\nwithin = "2d"',
         'nba.toml:9: [[objective]] "b": measure = "lifetime_value" is money, which the lifetime value of '
         '[[objective]] "a" counts already. Keep one of the two'),
        ('[roles]\npurchase = ["buy"]\n[[objective]]\nname = "a"\nmeasure = "lifetime_value"\nwithin = "1d"\n'
         "match_action = true",
         'nba.toml:7: [[objective]] "a": match_action: a lifetime value is of the customer, whatever the action; '
         "remove it"),
        ('[roles]\npurchase = ["buy"]\n[[objective]]\nname = "a"\nmeasure = "lifetime_value"\nwithin = "1d"\n'
         "clip_outcome = 9",
         'nba.toml:7: [[objective]] "a": clip_outcome: a lifetime value has losses beside its money; '
         "limit each purchase by clip_event"),
        ('[[action]]\nid = "a"',
         'nba.toml:1: [[action]] "a": "channels" is missing: by which channels does it go out? '
         'Write  channels = ["email"]'),
        ('[[action]]\nid = "a"\nchannels = ["e"]\ntarget = "t"',
         'nba.toml:4: [[action]] "a": no [[target]] is called "t" (there is none)'),
        ('[[action]]\nid = "a"\nchannels = ["e"]\nstarts = 2018-07-02\nends = 2018-07-01',
         'nba.toml:5: [[action]] "a": ends: 2018-07-01 lies before starts, 2018-07-02'),
        ('[[action]]\nid = "a"\nchannels = ["e"]\nstarts = "2018-07-02"',
         'nba.toml:4: [[action]] "a": starts: must be a date without quotes, such as 2018-07-01, not "2018-07-02"'),
        ('[[action]]\nid = "a"\nchannels = ["e"]\n[[action]]\nid = "a"\nchannels = ["e"]',
         'nba.toml:5: [[action]] "a": the name is used twice'),
        ("[source]\n", "nba.toml:1: [source] must be written [[source]]: there can be several"),
        ("[[workspace]]\n", "nba.toml:1: [workspace] must be a table, not a list"),
        ('[roles]\nbuy = ["x"]', 'nba.toml:2: [roles] unknown key "buy" '
         "(allowed: purchase, contact, engage, convert, unsubscribe)"),
        ('[workspace]\ncurrency = "${NBATOOL_NO_SUCH}"\n',
         "nba.toml:2: the environment variable NBATOOL_NO_SUCH is not set"),
        ("a = \n", "nba.toml:1: not valid TOML: Invalid value (column 5)"),
        ("[catalogue]\ndefaults = { cots = 1 }",
         'nba.toml:2: [catalogue.defaults] unknown key "cots"; did you mean "cost"?'),
    ],
)  # fmt: skip
def test_each_mistake_is_named(text: str, expected: str) -> None:
    assert expected in problems(text)


def test_all_problems_come_at_once_in_the_order_of_lines() -> None:
    text = (
        '[workspace]\ncurrency = "x"\ntimezone = 5\n[guardrails]\nreviews = []\n[[source]]\nname = "a b"\nkind = "events"\n'
        'files = ["${NBATOOL_NO_SUCH}/x"]\n[source.map]\ntz = "x"\n[clv]\nhorizn = "1d"\n'
    )
    lines = [int(problem.split(":")[1]) for problem in problems(text)]
    assert lines == [2, 3, 5, 7, 9, 11, 13]


def test_variables_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBATOOL_TEST_DIR", "/srv/x")
    config = load(SOURCE.replace("[source.map]", 'files = ["${NBATOOL_TEST_DIR}/a.csv"]\n[source.map]'))
    assert config.sources[0].files == (Path("/srv/x/a.csv"),)


def test_a_missing_file_says_what_to_do() -> None:
    with pytest.raises(ConfigError, match="`nbatool init` writes one"):
        load_config(Path("nba.toml"))


def test_the_loader_knows_every_table_of_the_declaration() -> None:
    assert set(allowed_keys(Config, ())) == {*config_module._SINGLE, *config_module._ARRAYS}


def test_the_schema_knows_every_table() -> None:
    schema = json.loads(json.dumps(config_schema()))
    assert set(schema["properties"]) == {
        "workspace", "source", "roles", "objective", "target", "feature", "clv", "catalogue", "action", "exploration",
        "experiment", "evaluate", "promotion", "learning", "guardrails",
    }  # fmt: skip
    assert "attributes" in schema["$defs"]["SourceMap"]["properties"]


@pytest.mark.parametrize("name", ["cdnow", "completejourney", "hillstrom", "openbandit", "starbucks"])
def test_the_examples_load_as_they_stand(name: str, examples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBATOOL_REAL_DATA", "/srv/data")
    config = load_config(examples / name / "nba.toml")
    assert all(file.is_absolute() for source in config.sources for file in source.files)
    assert config.sources
