"""Decisions of files: what is stored, what is rejected, what is kept with a flag; twice is once."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_shop import Shop, source

from nbatool.base.errors import ConfigError
from nbatool.ingest.report import FlagCount
from nbatool.store.workspace import Workspace

MAP = {
    "decision_id": "id", "customer_id": "who", "ts": "ts", "action_id": "action", "channel": "channel",
    "position": "place", "probability": "p", "policy": "policy", "candidates": "among", "context.page": "page",
    "outcome.click": "click", "outcome.spend": "spend",
}  # fmt: skip
GOOD = {"id": "d1", "who": "a", "ts": "2020-01-01T10:00:00Z", "action": "tea", "channel": "web", "p": "0.5"}
NOT_ONE = "probabilities of its candidates do not sum to 1: they are not kept"
OTHER = "its probability is another one among its candidates: theirs are not kept"
NOT_AMONG = "what was chosen is not among its candidates: their probabilities are not kept"
UNCLEAR = "a candidate without id or listed twice: its candidates are not kept"


def log(shop: Shop, *rows: dict[str, Any], file: str = "d.ndjson", **mapped: str) -> Workspace:
    """Write decisions to a file, of a source whose map is `MAP`; a column mapped to "" is left out."""
    full = dict.fromkeys(("id", "who", "place", "policy", "among", "page", "click", "spend"))
    shop.write(file, "".join(json.dumps({**full, **GOOD, **row}) + "\n" for row in rows))
    used = {key: text for key, text in {**MAP, **mapped}.items() if text}
    return shop.configure(source("d*.*", name="log", kind="decisions", **used))


def flags(shop: Shop, workspace: Workspace) -> tuple[FlagCount, ...]:
    [report] = shop.load(workspace, max_rejects="100%").sources
    counts = report.counts
    assert counts.rows == counts.accepted + counts.duplicate + counts.rejected
    return report.flagged


def test_what_is_stored(shop):
    row = {
        "place": "2",
        "policy": "v1",
        "among": '["tea","gift","nothing"]',
        "page": "home",
        "click": 1,
        "spend": "2.55",
    }
    assert flags(shop, log(shop, row)) == ()
    [stored] = shop.rows(
        "select source, decision_id, source_id, epoch(as_of)::bigint, slot, action_id, channel, probability, policy, "
        "probabilities, context, arm, probability_in_arm, net_values, removed, detail from decisions"
    )
    assert stored == (
        "log", "d1", "a", 1577872800, 2, "tea", "web", 0.5, "v1", None, '{"page":"home"}', None, None, None, None, None,
    )  # fmt: skip
    assert shop.rows("select candidates from decisions join candidate_sets using (candidate_set)") == [
        ('[["tea","web"],["gift","web"],["nothing",null]]',)
    ]
    assert shop.rows(
        "select decision_id, slot, outcome_id, objective, ts, value::varchar from outcomes order by 3"
    ) == [("d1", 2, "click", "click", None, "1.0000"), ("d1", 2, "spend", "spend", None, "2.5500")]
    assert shop.rows("select source, kind, name, type from attributes_seen") == [
        ("log", "decisions", "page", "text")
    ]


def test_anonymous_and_without_outcome(shop):
    flags(shop, log(shop, {"who": None, "p": None, "click": None, "spend": 0}))
    assert shop.rows("select source_id, probability, slot from decisions") == [(None, None, 1)]
    assert shop.rows("select objective, value::varchar from outcomes") == [("spend", "0.0000")]


def test_nothing_has_no_channel(shop):
    flags(shop, log(shop, {"action": "nothing", "among": '{"nothing": 0.5, "tea": 0.5}'}))
    assert shop.rows("select action_id, channel from decisions") == [("nothing", None)]
    assert shop.rows("select candidates from candidate_sets") == [('[["nothing",null],["tea","web"]]',)]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"p": "0"}, "probability is 0 for what was chosen"),
        ({"p": 0.0}, "probability is 0 for what was chosen"),
        ({"p": "-0.1"}, "probability is below 0"),
        ({"p": "1.0001"}, "probability is above 1"),
        ({"p": "nan"}, "probability is not a number"),
        ({"p": "inf"}, "probability is not a number"),
        ({"p": "half"}, "probability is not a number"),
        ({"place": "0"}, "position is not a whole number from 1 up"),
        ({"place": "1.5"}, "position is not a whole number from 1 up"),
        ({"among": "tea"}, "candidates is not a JSON list or object"),
        ({"among": "3"}, "candidates is not a JSON list or object"),
        ({"click": "nan"}, "outcome.click is not a number"),
        ({"click": "yes"}, "outcome.click is not a number"),
        ({"spend": "100000000000000"}, "outcome.spend is too big"),
        ({"spend": "-1e300"}, "outcome.spend is too big"),
        ({"id": ""}, "decision_id is empty"),
        ({"action": " "}, "action_id is empty"),
        ({"ts": None}, "ts is empty"),
        ({"ts": "soon"}, "ts is not an ISO date or time"),
    ],
)
def test_rejected(shop, row, reason):
    workspace = log(shop, {}, {"id": "d2", **row})
    flags(shop, workspace)
    [(line, said, raw)] = shop.rows("select line, reason, raw from rejects")
    assert (line, said) == (2, reason)
    assert json.loads(raw)["action"] == row.get("action", "tea")
    assert shop.rows("select decision_id from decisions") == [("d1",)]


def test_nan_in_parquet(shop):
    columns = {"id": ["a", "b", "c"], "ts": ["2020-01-01"] * 3, "action": ["tea"] * 3}
    columns |= {"p": [0.25, float("nan"), float("inf")], "click": [1.0, 1.0, 1.0]}
    pq.write_table(pa.table(columns), shop.root / "d.parquet")
    named = {
        "decision_id": "id",
        "ts": "ts",
        "action_id": "action",
        "probability": "p",
        "outcome.click": "click",
    }
    flags(shop, shop.configure(source("d.parquet", kind="decisions", **named)))
    assert shop.rows("select reason from rejects order by line") == [
        ("probability is not a number",), ("probability is above 1",),
    ]  # fmt: skip
    assert shop.rows("select probability from decisions") == [(0.25,)]


@pytest.mark.parametrize(
    ("among", "chances"),
    [
        ('{"tea": 0.5, "gift": 0.25, "nothing": 0.25}', [0.5, 0.25, 0.25]),
        (
            '[{"action_id":"tea","probability":0.5},{"id":"gift","channel":"sms","probability":"0.5"}]',
            [0.5, 0.5],
        ),
        ('[{"id":"gift","probability":0.5},{"id":"tea","channel":"web","probability":0.5}]', [0.5, 0.5]),
        ('["tea","gift"]', None),
        ('[{"id":"tea"},{"id":"gift"}]', None),
        ('{"tea": 0.5, "$x/~": 0.5}', [0.5, 0.5]),
    ],
)
def test_candidates(shop, among, chances):
    assert flags(shop, log(shop, {"among": among})) == ()
    assert shop.rows("select probabilities from decisions") == [(chances,)]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"among": '{"tea": 0.5, "gift": 0.4}'}, NOT_ONE),
        ({"among": '{"tea": 0.5, "gift": 0.6}'}, NOT_ONE),
        ({"among": '{"tea": 0.5, "gift": 1.5, "cake": -1}'}, NOT_ONE),
        ({"among": '{"tea": 0.5, "gift": null}'}, NOT_ONE),
        ({"among": '[{"id":"tea","probability":0.5},{"id":"gift"}]'}, NOT_ONE),
        ({"among": '{"tea": 0.5, "gift": "NaN"}'}, NOT_ONE),
        ({"among": '{"tea": 0.4, "gift": 0.6}'}, OTHER),
        ({"among": '{"tea": 0, "gift": 1}', "p": None}, OTHER),
        ({"among": '{"cake": 0.5, "gift": 0.5}'}, NOT_AMONG),
        ({"among": '["cake"]'}, NOT_AMONG),
        ({"among": '[{"id":"tea","channel":"email","probability":1}]'}, NOT_AMONG),
        ({"among": '["tea","tea"]'}, UNCLEAR),
        ({"among": '[{"name":"tea"}]'}, UNCLEAR),
        ({"among": "[]"}, UNCLEAR),
    ],
)
def test_candidates_that_cannot_be_right(shop, row, problem):
    """The decision stays, what is wrong about its candidates does not, and the report says how many and which."""
    workspace = log(shop, {"id": "d0"}, row)
    assert flags(shop, workspace) == (FlagCount(problem, 1, "decision d1"),)
    said = {**GOOD, **row}["p"]
    [(probability, chances, candidate_set)] = shop.rows(
        "select probability, probabilities, candidate_set from decisions where decision_id = 'd1'"
    )
    assert probability == (None if said is None else float(said))
    assert chances is None
    assert (candidate_set is None) == (problem == UNCLEAR)


def test_a_missing_probability_is_that_of_the_candidates(shop):
    assert flags(shop, log(shop, {"p": None, "among": '{"tea": 0.125, "gift": 0.875}'})) == ()
    assert shop.rows("select probability from decisions") == [(0.125,)]


def test_probabilities_rounded_to_six_digits_sum_to_one(shop):
    among = json.dumps({f"a{k}": 0.142857 for k in range(7)})
    assert flags(shop, log(shop, {"action": "a3", "p": "0.142857", "among": among})) == ()
    [(chances,)] = shop.rows("select probabilities from decisions")
    assert len(chances) == 7


def test_equal_lists_of_candidates_are_stored_once(shop):
    flags(shop, log(shop, *({"id": str(k), "among": '["tea","gift"]'} for k in range(5))))
    flags(shop, log(shop, {"id": "9", "among": '["tea","gift"]'}, file="d2.ndjson"))
    assert shop.rows("select count(*) from candidate_sets") == [(1,)]


def test_slots_of_one_decision(shop):
    rows = [
        {"place": "1", "click": 0},
        {"place": "2", "action": "gift", "click": 1},
        {"place": "2", "action": "gift"},
    ]
    [report] = shop.load(log(shop, *rows)).sources
    assert (report.counts.accepted, report.counts.duplicate) == (2, 1)
    assert shop.rows("select slot, action_id from decisions order by slot") == [(1, "tea"), (2, "gift")]
    assert shop.rows("select slot, value::int from outcomes order by slot") == [(1, 0), (2, 1)]


def test_the_same_file_again_and_a_full_refresh_change_nothing(shop):
    workspace = log(shop, {"among": '{"tea":0.5,"gift":0.5}', "click": 1}, {"id": "d2", "spend": 3})
    everything = (
        "select * exclude (batch_id) from decisions order by all",
        "select * exclude (batch_id) from outcomes order by all",
        "from attributes_seen order by all",
    )
    shop.load(workspace)
    before = [shop.rows(query) for query in everything]
    again = shop.load(workspace).totals
    assert (again.accepted, again.duplicate) == (0, 2)
    assert shop.load(workspace, full_refresh=True).totals.accepted == 2
    shop.write("d3.ndjson", (shop.root / "d.ndjson").read_text())
    third = shop.load(workspace).totals
    assert (third.accepted, third.duplicate_of_other_file) == (0, 2)
    assert [shop.rows(query) for query in everything] == before


def test_a_full_refresh_of_fewer_decisions_takes_the_rest_with_its_outcomes(shop):
    shop.load(log(shop, {"click": 1}, {"id": "d2", "click": 1}))
    shop.load(log(shop, {"click": 1}), full_refresh=True)
    assert shop.rows("select decision_id from decisions") == [("d1",)]
    assert shop.rows("select decision_id from outcomes") == [("d1",)]


def test_an_outcome_that_came_later(shop):
    """Neither the order of the files nor reading one again makes another log of them."""
    early, late = [{"click": None, "spend": 1}], [{"click": 1, "spend": 4}]
    shop.load(log(shop, *early))
    shop.load(log(shop, *late, file="d2.ndjson"))
    stored = shop.rows("select outcome_id, value::int from outcomes order by 1")
    assert stored == [("click", 1), ("spend", 4)]
    assert flags(shop, log(shop, {"click": 0, "spend": 2}, file="d3.ndjson")) == ()
    assert shop.rows("select outcome_id, value::int from outcomes order by 1") == stored
    grown = flags(shop, log(shop, {"click": 1, "spend": 9}, file="d4.ndjson"))
    assert [(flag.reason, flag.rows) for flag in grown] == [
        ("an outcome grew since its decision was loaded before", 1)
    ]


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_one_id_for_two_decisions(shop, order):
    contents = {"a": {"ts": "2020-01-02", "action": "gift"}, "b": {"ts": "2020-01-01", "action": "tea"}}
    for name in order:
        report = shop.load(log(shop, contents[name], file=f"d{name}.ndjson"))
    assert "rows have the decision_id and position of another row" in report.all_warnings[0]
    assert shop.rows("select action_id from decisions") == [("tea",)]


def test_without_an_id(shop):
    rows = [{}, {}, {"action": "gift"}]
    workspace = log(shop, *rows, decision_id="")
    assert shop.load(workspace).totals.accepted == 3
    ids = shop.rows("select decision_id from decisions order by 1")
    assert len(set(ids)) == 3
    log(shop, *rows, {}, file="d2.ndjson")
    again = shop.load(workspace).totals
    assert (again.accepted, again.duplicate) == (1, 6)
    assert set(ids) < set(shop.rows("select decision_id from decisions"))


def test_context_by_pattern_and_outcomes_of_a_csv(shop):
    shop.write("d.csv", "ts,action,f_b,f_a,x\n2020-01-01,tea,1,,y\n2020-01-02,gift,,,\n")
    mapped = {"ts": "ts", "action_id": "action", "context": ["f_*"]}
    shop.load(shop.configure(source("d.csv", kind="decisions", **mapped)))
    assert shop.rows("select context from decisions order by as_of") == [
        ('{"f_a":null,"f_b":"1"}',), ('{"f_a":null,"f_b":null}',),
    ]  # fmt: skip


def test_a_pattern_without_a_column(shop):
    shop.write("d.csv", "ts,action\n2020-01-01,tea\n")
    workspace = shop.configure(
        source("d.csv", kind="decisions", ts="ts", action_id="action", context=["f_*"])
    )
    with pytest.raises(ConfigError, match=r'context: no column of d.csv matches "f_\*"'):
        shop.load(workspace)


def test_several_lines_are_one_decision(shop):
    shop.write(
        "d.csv", "id,ts,action,spend\nd1,2020-01-02,tea,1.5\nd1,2020-01-01,tea,2\nd2,2020-01-01,gift,\n"
    )
    mapped = {
        "decision_id": "id",
        "ts": "min(ts)",
        "action_id": "any_value(action)",
        "outcome.spend": "sum(spend)",
    }
    report = shop.load(shop.configure(source("d.csv", kind="decisions", keys='group_by = ["id"]', **mapped)))
    assert (report.totals.accepted, report.totals.lines) == (2, 3)
    assert shop.rows("select decision_id, value::varchar from outcomes") == [("d1", "3.5000")]


def test_own_name_is_refused(shop):
    with pytest.raises(ConfigError, match='"nbatool" is what this workspace logs itself'):
        shop.configure(source("d.csv", name="nbatool", kind="decisions", ts="ts", action_id="action"))


@pytest.mark.parametrize(
    ("preset", "kind", "said"),
    [("dsjson", "events", 'is for kind = "decisions", not "events"'), ("ga4", "events", "is not built yet")],
)
def test_a_preset_of_another_kind(shop, preset, kind, said):
    shop.write("d.ndjson", "{}\n")
    text = f'[[source]]\nname = "log"\nkind = "{kind}"\nfiles = ["d.ndjson"]\npreset = "{preset}"\n'
    with pytest.raises(ConfigError, match=said):
        shop.load(shop.configure(text))


def test_a_dry_run_shows_them(shop):
    [seen] = shop.load(
        log(shop, {"among": '{"tea":0.5,"gift":0.5}', "click": 1}, {"p": 2}), dry_run=True
    ).sources
    assert [row["rejected"] for row in seen.preview] == [None, "probability is above 1"]
    assert seen.preview[0]["outcomes"] == "click=1.0000"
    assert seen.preview[0]["candidates"] == '[["tea","web"],["gift","web"]]'
