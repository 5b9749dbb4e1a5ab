"""Data and settings that training and scoring cannot do much with: each says what was found and what to do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from calls import call
from small_shop import Shop, source

from nbatool.activate import files, score
from nbatool.base.process import mark
from nbatool.store.online import OnlineStore, Published

Called = tuple[int, str, str]
Nbatool = Callable[..., Called]

CONFIG = """[workspace]
as_of = "newest"
[[source]]
name = "events"
kind = "events"
files = ["events.csv"]
[source.map]
customer_id = "who"
ts = "day"
type = "what"
value = "amount"
[roles]
purchase = ["buy"]
[[target]]
name = "buys_30d"
event = "buy"
within = "30d"
[[action]]
id = "coupon"
channels = ["email"]
cost = 0.5
target = "buys_30d"
value_per_response = 10.0
"""
ACTION_LINE = CONFIG.splitlines().index("[[action]]") + 1
NEXT_LINE = len(CONFIG.splitlines()) + 1
FIRST = date(2020, 1, 1)


def weekly(customers: int, types: Sequence[str] = ("buy",), days: int = 200) -> str:
    """Everybody does something once a week; the newest is on day 200 or so."""
    lines = ["who,day,what,amount"]
    for k in range(customers):
        for day in range(0, days, 7):
            at = FIRST + timedelta(days=day + k % 5)
            lines.append(f"c{k:03d},{at},{types[(k + day // 7) % len(types)]},5.00")
    return "\n".join(lines) + "\n"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBATOOL_WORKSPACE", raising=False)

    def make(events: str, config: str = CONFIG) -> Path:
        (tmp_path / "events.csv").write_text(events)
        (tmp_path / "nba.toml").write_text(config)
        return tmp_path

    return make


def steps(nbatool: Nbatool, *commands: str) -> Called:
    """Run commands one after the other; all but the last must succeed."""
    for command in commands[:-1]:
        code, _, err = nbatool(command, "-q")
        assert code == 0, (command, err)
    return nbatool(commands[-1])


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_a_stale_feed_stops_what_contacts(shop: Callable[..., Path], nbatool: Nbatool) -> None:
    root = shop(weekly(5), CONFIG.replace('as_of = "newest"', 'as_of = "now"'))
    for commands in (("ingest", "train", "score"), ("run",)):
        code, out, err = steps(nbatool, *commands)
        assert (code, out) == (4, "")
        assert err.startswith(
            "the feed is stale: the newest event is of 2020-07-19T00:00:00Z, and as_of is 20"
        )
        assert "(fresh_within is 2d). No contact is made. Load newer files (nbatool ingest)" in err
        assert 'as_of = "newest" in [workspace]' in err
    assert not list(root.glob("out/*"))
    assert not list(root.glob("data/state-*"))


def test_a_feed_within_the_limit_is_fresh(shop: Callable[..., Path], nbatool: Nbatool) -> None:
    shop(weekly(5), CONFIG.replace('as_of = "newest"', 'as_of = "2020-07-25"\nfresh_within = "1h"'))
    assert steps(nbatool, "ingest", "train", "score")[0] == 0  # a fixed time is chosen with open eyes
    shop(weekly(5), CONFIG.replace('as_of = "newest"', 'as_of = "now"\nfresh_within = "5000w"'))
    assert nbatool("score")[0] == 0


def test_one_class_only_gives_the_base_rate_and_says_so(shop: Callable[..., Path], nbatool: Nbatool) -> None:
    shop(weekly(200))
    code, out, err = steps(nbatool, "ingest", "train")
    assert (code, err) == (0, "")
    assert "buys_30d not trained" in squeezed(out)
    assert (
        "buys_30d: not trained: 1000 positives of 1000 rows (at least 10 of each kind are needed); everybody gets "
        "the base rate 0.9995" in squeezed(out)
    )
    code, out, _ = nbatool("score")
    assert code == 0
    assert "200 customers with an action" in squeezed(out)


def test_no_purchases(shop: Callable[..., Path], nbatool: Nbatool) -> None:
    shop(weekly(200, ("view", "click")))
    code, out, _ = steps(nbatool, "ingest", "train")
    assert code == 0
    assert "buys_30d: not trained: 0 positives of 1000 rows" in squeezed(out)
    assert (
        "lifetime value: no purchases: lifetime values, expected purchases and p_alive are unknown"
        in squeezed(out)
    )
    assert nbatool("score", "-q")[::2] == (0, "")
    header, first, *_ = Path("out/scores-2020-07-19.csv").read_text().splitlines()
    row = dict(zip(header.split(","), first.split(","), strict=True))
    assert (row["clv"], row["p_alive"], row["segment"], row["action_id"]) == (
        "",
        "",
        "no purchase yet",
        "nothing",
    )


def test_three_customers_and_one_action(shop: Callable[..., Path], nbatool: Nbatool) -> None:
    shop(weekly(3, ("buy", "view")))
    code, out, _ = steps(nbatool, "ingest", "train")
    assert code == 0
    assert "buys_30d: not trained: only 15 rows (at least 100 are needed)" in squeezed(out)
    assert "lifetime value: 3 customers with a purchase are too few to fit (at least 100)" in squeezed(out)
    code, out, _ = nbatool("score")
    assert code == 0
    assert "No contact whose window has closed" in out
    assert "value_per_response" in squeezed(out)
    assert "3 customers with an action" in squeezed(out)
    assert len(Path("out/actions-2020-07-17.csv").read_text().splitlines()) == 4


def test_no_action_at_all(shop: Callable[..., Path], nbatool: Nbatool) -> None:
    shop(weekly(3), CONFIG[: CONFIG.index("[[action]]")])
    code, out, _ = steps(nbatool, "ingest", "train", "score")
    assert code == 0
    assert "nothing 3 $0.00" in squeezed(out)


def test_nothing_is_loaded(shop: Callable[..., Path], nbatool: Nbatool) -> None:
    shop(weekly(3))
    assert nbatool("train") == (
        4, "", "nothing is loaded from before this time. Load data first: nbatool ingest\n",
    )  # fmt: skip
    assert nbatool("score") == (4, "", "no model is trained yet. Run: nbatool train\n")
    code, out, err = nbatool("decide")
    assert (code, out) == (4, "")
    assert err.endswith("Make one: nbatool train, then nbatool score (no model is trained yet)\n")
    code, _, err = steps(nbatool, "ingest", "train", "decide")
    assert (code, err.endswith("Make one: nbatool score\n")) == (4, True)


def test_customers_without_any_event(shop: Callable[..., Path], nbatool: Nbatool) -> None:
    customers = CONFIG[: CONFIG.index("[[target]]")].replace('kind = "events"', 'kind = "customers"')
    customers = customers.replace('type = "what"\nvalue = "amount"\n', "").replace(
        '[roles]\npurchase = ["buy"]\n', ""
    )
    root = shop("who,day\nc1,2020-01-01\nc2,2020-01-02\n", customers)
    code, out, err = steps(nbatool, "ingest", "train")
    assert (code, out) == (4, "")
    assert err == (
        "nothing to train: no events are loaded from before 2020-01-02T00:00:00.000001Z, and models learn from what "
        'customers do. Load a [[source]] of kind = "events" or "decisions": nbatool ingest\n'
    )
    assert not (root / "models").exists()


def test_a_time_before_the_data(shop: Callable[..., Path], nbatool: Nbatool) -> None:
    shop(weekly(3))
    nbatool("ingest", "-q")
    code, out, err = nbatool("train", "--as-of", "2010-01-01")
    assert (code, out) == (4, "")
    assert err == "nothing is loaded from before this time. Load data first: nbatool ingest\n"
    code, _, err = nbatool("train", "--as-of", "yesterday")
    assert code == 2
    assert (
        err
        == '--as-of: "yesterday" is not a time: write 2018-08-25, 2018-08-25T18:00:01 or 2018-08-25T18:00:01Z\n'
    )


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (
            CONFIG.replace('channels = ["email"]\n', ""),
            f'nba.toml:{ACTION_LINE}: [[action]] "coupon": "channels" is missing: by which channels does it go out? '
            'Write  channels = ["email"]',
        ),
        (
            CONFIG + 'eligibel_when = "true"\n',
            f'nba.toml:{NEXT_LINE}: [[action]] "coupon": unknown key "eligibel_when"; did you mean "eligible_when"?',
        ),
        (
            CONFIG + "[guardrails]\nbudgets = []\n",
            f'nba.toml:{NEXT_LINE + 1}: [guardrails] unknown key "budgets"; did you mean "budget"?',
        ),
        (CONFIG + "[[actions]]\n", f'nba.toml:{NEXT_LINE}: unknown table [actions]; did you mean "action"?'),
        (
            CONFIG.replace('target = "buys_30d"', 'target = "buy_30d"'),
            f'nba.toml:{ACTION_LINE + 4}: [[action]] "coupon": no [[target]] is called "buy_30d" (known: buys_30d)',
        ),
    ],
)
@pytest.mark.parametrize("command", ["ingest", "train", "score", "run"])
def test_a_wrong_configuration_stops_every_command(
    command: str, config: str, said: str, shop: Callable[..., Path], nbatool: Nbatool
) -> None:
    root = shop(weekly(3), config)
    assert nbatool(command) == (3, "", f"{said}\n")
    assert not (root / "data").exists()


ALLOWED = "is not allowed in an expression; allowed are numbers, 'texts', names, + - * / %,"


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("read_csv('/etc/passwd')", f"\"READ_CSV('/etc/passwd')\" {ALLOWED}"),
        ("(select 1) = 1", f'"(SELECT 1)" {ALLOWED}'),
        ("now() > 3", f'"NOW()" {ALLOWED}'),
        (
            "days_since_last_buys < 3",
            'no feature "days_since_last_buys"; did you mean "days_since_last_purchase"?',
        ),
        (
            "days_since_last_purchase <",
            'is not an SQL expression: it breaks off or goes wrong at "<", character 26',
        ),
        ("'open", "is not an SQL expression: a quote is not closed, or nothing stands there"),
        ("days_since_last_purchase", "is a number, a boolean is needed"),
        ("days_since_last_purchase = 'long'", "compares"),
    ],
)
def test_an_expression_that_cannot_be_used(
    expression: str, said: str, shop: Callable[..., Path], nbatool: Nbatool
) -> None:
    root = shop(weekly(3), CONFIG + f'eligible_when = "{expression}"\n')
    code, out, err = steps(nbatool, "ingest", "train")
    assert (code, out) == (3, "")
    assert err.startswith(f'nba.toml:{NEXT_LINE}: [[action]] "coupon": eligible_when: ')
    assert said in err
    assert err.count("\n") == 1
    assert nbatool("run") == (code, out, err)
    assert not (root / "models").exists()
    assert not (root / "out").exists()


def test_an_action_that_cannot_be_valued(shop: Callable[..., Path], nbatool: Nbatool) -> None:
    root = shop(weekly(3), CONFIG.replace("value_per_response = 10.0\n", ""))
    said = (
        f'nba.toml:{ACTION_LINE}: [[action]] "coupon": no contact was ever logged, so it needs target = one of '
        "buys_30d and value_per_response = money\n"
    )
    assert steps(nbatool, "ingest", "train") == (3, "", said)
    assert not (root / "models").exists()


CONTACTED = (
    CONFIG.replace('target = "buys_30d"\nvalue_per_response = 10.0\n', "")
    .replace(
        'purchase = ["buy"]\n',
        'purchase = ["buy"]\ncontact = ["sent"]\n[[objective]]\nname = "sales"\nevent = "buy"\nwithin = "30d"\n',
    )
    .replace('value = "amount"\n', 'value = "amount"\naction_id = "what"\n')
)


@pytest.mark.parametrize(
    ("day", "because"),
    [
        (None, "no contact was ever logged"),
        (190, "no contact whose window of 30d has closed was logged yet"),
        (1, "no contact was logged after 2020-0"),
        (100, None),
    ],
)
def test_an_action_without_a_value_needs_contacts_to_learn_from(
    day: int | None, because: str | None, shop: Callable[..., Path], nbatool: Nbatool
) -> None:
    """Refused before anything is trained, not by the scoring after it."""
    sent = "" if day is None else "".join(f"c{k:03d},{FIRST + timedelta(days=day)},sent,\n" for k in range(5))
    root = shop(weekly(10) + sent, CONTACTED)
    code, out, err = steps(nbatool, "ingest", "train")
    if because is None:
        assert code == 0
        assert nbatool("score", "-q")[::2] == (0, "")
        return
    line = CONTACTED.splitlines().index("[[action]]") + 1
    assert (code, out) == (3, "")
    assert err.startswith(f'nba.toml:{line}: [[action]] "coupon": {because}')
    assert "so it needs target = one of buys_30d and value_per_response = money\n" in err
    assert not (root / "models").exists()
    assert nbatool("run") == (code, out, err)


def test_scoring_knows_why_no_contact_was_learned_from(shop: Callable[..., Path], nbatool: Nbatool) -> None:
    events = weekly(10) + f"c001,{FIRST + timedelta(days=190)},sent,\n"
    valued = CONTACTED + 'target = "buys_30d"\nvalue_per_response = 10.0\n'
    shop(events, valued)
    assert steps(nbatool, "ingest", "train", "score")[0] == 0
    shop(events, CONTACTED)
    code, _, err = nbatool("score")
    assert (code, "no contact whose window of 30d has closed was logged yet, so it needs target" in err) == (
        3,
        True,
    )


def test_a_catalogue_changed_after_training(shop: Callable[..., Path], nbatool: Nbatool) -> None:
    root = shop(weekly(3), CONFIG + "eligible_when = \"clv > 5 and buys_30d < 1 and segment <> ''\"\n")
    assert steps(nbatool, "ingest", "train", "score")[0] == 0
    shop(weekly(3), CONFIG + 'eligible_when = "clw > 5"\n')
    refused = nbatool("score")
    assert (refused[0], 'no feature "clw"; did you mean "clv"?' in refused[2]) == (3, True)
    assert nbatool("train") == refused
    assert len(list(root.glob("models/*/"))) == 1


def test_a_map_changed_after_loading(shop: Callable[..., Path], nbatool: Nbatool) -> None:
    shop(weekly(3))
    nbatool("ingest", "-q")
    shop(weekly(3), CONFIG.replace('value = "amount"', 'value = "amount::double * 2"'))
    for command in ("ingest", "run"):
        assert nbatool(command) == (
            3, "",
            'source "events": the map changed since its 87 rows were loaded. To load them again with the new map: '
            "nbatool ingest --full-refresh --source events. Nothing was changed.\n",
        )  # fmt: skip
    code, out, _ = nbatool("ingest", "--full-refresh", "--source", "events")
    assert (code, "87 rows = 87 accepted" in out) == (0, True)


def test_what_a_killed_score_left_is_swept(shop: Callable[..., Path], nbatool: Nbatool) -> None:
    root = shop(weekly(3))
    assert steps(nbatool, "ingest", "train", "score")[0] == 0
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    theirs = f"{mark().rpartition('-')[0]}-{gone.pid}"
    left = [root / "out" / f".{name}-2019-01-01.csv.{theirs}.tmp" for name in ("actions", "scores")]
    left.append(root / f".mine.csv.{theirs}.tmp")
    for path in left:
        path.touch()
    assert nbatool("score", "-q", "--out", "mine.csv")[0] == 0
    assert [path.name for path in left if path.exists()] == []
    assert (root / "mine.csv").exists()


def test_both_files_of_a_score_are_new_or_both_are_old(
    shop: Callable[..., Path], nbatool: Nbatool, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = shop(weekly(3))
    assert steps(nbatool, "ingest", "train", "score")[0] == 0
    for path in (root / "out").iterdir():
        path.write_text("the night before")
    before = {path: path.read_bytes() for path in (root / "out").iterdir()}
    pointed = OnlineStore(root / "data" / "online.db").published()
    real = score.ActionRows.actions

    def full(rows: score.ActionRows) -> None:
        real(rows)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(score.ActionRows, "actions", full)
    code, _, err = nbatool("score", "--seed", "9", "--top", "2")
    assert (code, "No space" in err) == (4, True)
    assert {path: path.read_bytes() for path in (root / "out").iterdir()} == before
    assert OnlineStore(root / "data" / "online.db").published() == pointed


def test_the_names_of_the_files_are_on_disk_before_the_state_is_published(
    shop: Callable[..., Path], nbatool: Nbatool, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = shop(weekly(3))
    assert steps(nbatool, "ingest", "train")[0] == 0
    order: list[str] = []
    publish = OnlineStore.publish

    def flush(folder: Path) -> None:
        order.append(f"{folder.name}: {len(list(folder.glob('*.csv')))}")

    def published(store: OnlineStore, what: Published) -> None:
        order.append("published")
        publish(store, what)

    monkeypatch.setattr(files, "flush_to_disk", flush)
    monkeypatch.setattr(OnlineStore, "publish", published)
    assert nbatool("score", "-q", "--out", "mine.csv")[0] == 0
    assert order == ["out: 1", f"{Path().name}: 2", "published"]  # the shop's own folder holds events.csv too
    assert (root / "mine.csv").exists()
    code, _, err = nbatool("score", "--out", "out")
    assert (code, err) == (4, "out is a folder: name the file to write\n")


def test_damaged_models_are_named(shop: Callable[..., Path], nbatool: Nbatool) -> None:
    root = shop(weekly(3))
    assert steps(nbatool, "ingest", "train", "score")[0] == 0
    (features,) = root.glob("models/*/features.json")
    features.write_text(features.read_text().replace("purchase", "purchaze", 1))
    for command in (("score",), ("decide", "--dry-run")):
        code, out, err = nbatool(*command)
        assert (code, out) == (4, "")
        assert str(features.relative_to(root)) in err
        assert (
            "is damaged: its hash is not the one in manifest.json; train again, or nbatool models rollback"
            in err
        )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("score", "--format", "xlsx"), '--format: "xlsx" is not one of csv, parquet, ndjson'),
        (("score", "--top", "0"), "nbatool score: invalid value for '--top'"),
        (("run", "--train-every", "soon"), '--train-every: "soon"'),
        (("train", "--seed", "-1"), '--seed: "-1" is not a whole number'),
        (
            ("decide", "--explan"),
            "nbatool decide: unrecognized arguments: --explan. See nbatool decide --help",
        ),
    ],
)
def test_wrong_options_are_usage_errors(
    arguments: tuple[str, ...], said: str, shop: Callable[..., Path], nbatool: Nbatool
) -> None:
    root = shop(weekly(3))
    code, out, err = nbatool(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(said)
    assert not (root / "data").exists()


def test_a_log_whose_windows_have_not_ended_is_not_called_none(tmp_path: Path) -> None:
    """Outcomes with times of their own: the newest decides what the present is, and what it does not reach is open."""
    shop = Shop(tmp_path)
    shop.write("log.csv", "d,id,ts,action\n" + "".join(f"{k},c{k},2024-01-02,a\n" for k in range(9)))
    shop.write("came.csv", "d,o,ts,value\n1,o1,2024-01-05,5\n")
    toml = (
        'as_of = "newest"\n'
        + source(
            "log.csv", name="log", kind="decisions", decision_id="d", customer_id="id", ts="ts", action_id="action"
        )
        + source(
            "came.csv", name="came", kind="outcomes", decision_id="d", outcome_id="o", ts="ts",
            value="value::decimal(18,4)",
        )
        + '[[objective]]\nname = "spend"\nwithin = "7d"\n[[action]]\nid = "a"\nchannels = ["web"]\n'
    )  # fmt: skip
    workspace = shop.configure(toml)
    shop.load(workspace)
    err = call(tmp_path, "train", code=3).err
    assert "no contact was ever logged" not in err
    assert (
        "of none of the 9 logged decisions that could be learned from is the outcome known at 2024-01-05"
        in err
    )
