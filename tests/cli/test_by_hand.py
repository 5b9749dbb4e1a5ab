"""`nbatool review` and `nbatool suppress`: a person's word, kept beside whatever else runs."""

from __future__ import annotations

import getpass
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from nbatool.base.clock import now_us, parse_time
from nbatool.base.records import Action
from nbatool.decide.catalogue import compile_catalogue
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.store.lock import workspace_lock
from nbatool.store.online import OnlineStore, Published
from nbatool.store.reviews import Review
from nbatool.store.state import write_state
from nbatool.store.workspace import open_workspace

ROOT = Path(__file__).parents[2]
Nbatool = Callable[..., tuple[int, str, str]]
CUT = "2018-07-01T00:00:00Z"
LEARNING = OutcomeTerms((), wait_s=20, default_outcome=0.0, half_life_s=1000)
ACTIONS = (
    Action("bonus", "Big bonus", ("email", "sms"), ("promo",)),
    Action("call", "Call", ("phone",), ("promo", "sales")),
)
ON_FILE = '[[action]]\nid = "bonus"\nname = "Big bonus"\nchannels = ["email", "sms"]\ntags = ["promo"]\n'


def put_in_force(folder: Path, *, clock_runs: bool = False) -> None:
    """Publish a state by hand: what a night would have said, as far as these commands read it."""
    catalogue = compile_catalogue(ACTIONS, {}, every_channel=False, allow_nothing=True, file="nba.toml")
    meta = {"catalogue": catalogue.to_json(), "clock_runs": clock_runs, "practice": {}, "learning": LEARNING.to_json(), "seed": 0,
            "unsubscribes": [], "guardrails": {}}  # fmt: skip
    (folder / "data").mkdir(exist_ok=True)
    with write_state(folder / "data" / "state-1.db") as writer:
        for key, value in meta.items():
            writer.put_meta(key, msgspec.json.encode(value))
        writer.put_customers([("c1", b""), ("c2", b"")])
    store = OnlineStore(folder / "data" / "online.db")
    store.publish(Published("state-1.db", "v", parse_time(CUT), 0, 0))
    store.close()


def wait(folder: Path, *decision_ids: str, action: str = "bonus") -> None:
    """Let decisions wait for review."""
    at = parse_time(CUT)
    store = OnlineStore(folder / "data" / "online.db")
    store.reviews.put(
        Review(d, f"c{k}", 1, action, "email", at, at, 1234.5 + k, "high value: clv > 5000", {"rank": 1})
        for k, d in enumerate(decision_ids, start=1)
    )
    store.close()


@pytest.fixture
def scored(shop: Path) -> Path:
    put_in_force(shop)
    with (shop / "nba.toml").open("a") as file:
        file.write(ON_FILE)
    return shop


def reviews(nbatool: Nbatool, *arguments: str) -> list[dict[str, object]]:
    code, out, err = nbatool("review", "list", "--json", *arguments)
    assert (code, err) == (0, "")
    found: list[dict[str, object]] = json.loads(out)["reviews"]
    return found


def suppressions(nbatool: Nbatool) -> list[dict[str, object]]:
    code, out, err = nbatool("suppress", "list", "--json")
    assert (code, err) == (0, "")
    found: list[dict[str, object]] = json.loads(out)["suppressions"]
    return found


def test_what_waits_is_listed_whole_where_no_terminal_cuts_it(scored: Path, nbatool: Nbatool) -> None:
    wait(scored, "d_00000000000000a1", "d_00000000000000b2")
    code, out, err = nbatool("review", "list")
    assert (code, err) == (0, "")
    head, first, second = out.splitlines()
    assert head.split("  ")[0] == "id"
    assert "USD" in head
    assert first.split() == [
        "d_00000000000000b2", "c2", "bonus", "email", "1,236.50", "high", "value:", "clv", ">", "5000", CUT,
    ]  # fmt: skip
    assert second.startswith("d_00000000000000a1")
    code, out, _ = nbatool("review", "list", "--most", "1")
    assert out.splitlines()[-1] == "1 more: nbatool review list --most 2"
    found = reviews(nbatool)[1]
    assert (found["decision_id"], found["state"], found["as_of"], found["row"]) == (
        "d_00000000000000a1", "pending", CUT, {"rank": 1},
    )  # fmt: skip


def test_an_empty_queue_says_what_was_said(scored: Path, nbatool: Nbatool) -> None:
    assert nbatool("review", "list") == (0, "nothing waits for review\n", "")
    wait(scored, "d_a")
    nbatool("review", "approve", "--all")
    said = "nothing waits for review (1 approved: nbatool review list --state all)\n"
    assert nbatool("review", "list") == (0, said, "")
    assert nbatool("review", "list", "--state", "rejected")[1].startswith("nothing is rejected (1 approved")


def test_before_the_first_night(shop: Path, nbatool: Nbatool) -> None:
    assert nbatool("review", "list") == (0, "nothing is scored yet: nbatool score\n", "")
    assert nbatool("suppress", "list") == (0, "nothing is suppressed\n", "")
    assert not (shop / "data").exists()


def test_a_word_is_kept_with_who_and_why(scored: Path, nbatool: Nbatool) -> None:
    wait(scored, "d_a1", "d_b2", "d_c3")
    assert nbatool("review", "approve", "d_a", "d_b2", "--who", "ann", "--reason", "called them") == (
        0, "approved 2; out with the next action file: nbatool score\n", "",
    )  # fmt: skip
    assert nbatool("review", "approve", "d_a1", "--who", "bob") == (
        0,
        "approved 0 (1 was approved before)\n",
        "",
    )
    assert (
        nbatool("review", "reject", "--all", "--json")[1]
        == '{"rejected": ["d_c3"], "unchanged": [], "suppressions": []}\n'
    )
    found = {r["decision_id"]: (r["state"], r["who"], r["note"]) for r in reviews(nbatool, "--state", "all")}
    assert found == {
        "d_a1": ("approved", "ann", "called them"), "d_b2": ("approved", "ann", "called them"),
        "d_c3": ("rejected", getpass.getuser(), ""),
    }  # fmt: skip
    assert (
        nbatool("review", "list", "--state", "approved")[1]
        .splitlines()[1]
        .endswith("approved  ann  called them")
    )


def test_all_is_all_however_many_wait(
    scored: Path, nbatool: Nbatool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some at a time, so that live decisions need not wait."""
    wait(scored, *(f"d_{k}" for k in range(5)))
    monkeypatch.setattr("nbatool.cli.review.AT_ONCE", 2)
    assert nbatool("review", "reject", "--all", "--suppress", "30d")[1].startswith(
        "rejected 5; 5 suppressions until "
    )
    assert nbatool("review", "reject", "--all")[1] == "rejected 0\n"
    assert reviews(nbatool) == []


def test_what_is_wrong_with_one_changes_nothing_of_the_others(scored: Path, nbatool: Nbatool) -> None:
    wait(scored, "d_a1", "d_b2")
    code, out, err = nbatool("review", "approve", "d_a1", "d_zz")
    assert (code, out) == (4, "")
    assert err == 'no decision "d_zz" in the review queue. nbatool review list shows what waits\n'
    assert [r["state"] for r in reviews(nbatool)] == ["pending"] * 2
    nbatool("review", "reject", "d_a1", "--who", "ann", "--reason", "no")
    code, _, err = nbatool("review", "approve", "d_b2", "d_a1")
    assert code == 4
    assert err.startswith("d_a1 cannot be approved: ann rejected it at 20")
    assert err.endswith("(no), and the first word stands. A later night decides anew\n")
    assert [r["decision_id"] for r in reviews(nbatool)] == ["d_b2"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("review", "approve"), "which ones? Write ids (nbatool review list shows them), or --all"),
        (("review", "reject", "d_a", "--all"), "ids or --all, not both"),
        (("review", "reject", "d_a", "--suppress", "30"), '--suppress: "30" is not a duration'),
        (("review", "reject", "d_a", "--suppress", "0d"), '--suppress: "0d" is no time at all'),
        (("review", "approve", "d_a", "--who", " "), "--who is empty"),
        (("review", "list", "--state", "done"), "nbatool review list: invalid value for '--state'"),
        (("suppress", "add"), "nbatool suppress add: missing option '--reason'"),
        (("suppress", "add", "--reason", "x"), "suppress what? Name at least one of --customer, --action, --tag and --channel"),
        (("suppress", "add", "--reason", " ", "--tag", "promo"), "--reason is empty"),
        (("suppress", "add", "--reason", "x", "--tag", "prommo"),
         'no action of the catalogue has the tag "prommo"; did you mean "promo"? Known are promo, sales'),
        (("suppress", "add", "--reason", "x", "--channel", "fax"),
         'no action of the catalogue has the channel "fax". Known are email, phone, sms'),
        (("suppress", "add", "--reason", "x", "--action", "bonsu"), 'no action "bonsu" in the catalogue; did you mean "bonus"?'),
        (("suppress", "add", "--reason", "x", "--tag", "promo", "--for", "1d", "--until", "2019-01-01"), "--for or --until, not both"),
        (("suppress", "add", "--reason", "x", "--tag", "promo", "--for", "soon"), '--for: "soon" is not a duration'),
        (("suppress", "add", "--reason", "x", "--tag", "promo", "--until", "never"), '--until: "never" is not a time'),
        (("suppress", "add", "--reason", "x", "--tag", "promo", "--until", "2018-07-01"),
         "--until: 2018-07-01T00:00:00Z is over; the present is 2018-07-01T00:00:00Z"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(
    scored: Path, nbatool: Nbatool, arguments: tuple[str, ...], said: str
) -> None:
    wait(scored, "d_a")
    code, out, err = nbatool(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(said)
    assert suppressions(nbatool) == []
    assert len(reviews(nbatool)) == 1


def test_a_rejection_teaches_a_suppression_once(scored: Path, nbatool: Nbatool) -> None:
    wait(scored, "d_a1", "d_b2")
    line = ("review", "reject", "d_a1", "--who", "ann", "--reason", "complains", "--suppress", "30d")
    assert nbatool(*line) == (
        0,
        "rejected 1; 1 suppression until 2018-07-31T00:00:00Z: nbatool suppress list\n",
        "",
    )
    assert nbatool(*line)[1].startswith("rejected 0 (1 was rejected before); 1 suppression until 2018-07-31")
    nbatool("review", "reject", "d_b2", "--suppress", "1d")
    first, second = suppressions(nbatool)
    wanted = {"customer_id": "c1", "action": "bonus", "tag": None, "channel": None, "reason": "complains", "who": "ann",
              "until": "2018-07-31T00:00:00Z"}  # fmt: skip
    assert wanted.items() <= first.items()
    assert second["reason"] == "rejected in review (high value: clv > 5000)"


def test_where_the_clock_runs_a_suppression_ends_counted_from_the_word(shop: Path, nbatool: Nbatool) -> None:
    put_in_force(shop, clock_runs=True)
    wait(shop, "d_a1")
    before = now_us()
    nbatool("review", "reject", "d_a1", "--suppress", "30d")
    nbatool("review", "reject", "d_a1", "--suppress", "30d")
    (one,) = suppressions(nbatool)
    assert 0 <= parse_time(str(one["until"])) - before - 30 * 86_400_000_000 < 60_000_000


def test_suppressions_are_added_listed_and_removed(scored: Path, nbatool: Nbatool) -> None:
    line = ("suppress", "add", "--customer", "c1", "--for", "30d", "--reason", "complains", "--who", "ann")
    assert nbatool(*line) == (
        0, "suppressed: everything for c1, until 2018-07-31T00:00:00Z (to undo: nbatool suppress remove 1)\n", "",
    )  # fmt: skip
    assert nbatool(*line)[1].startswith("suppressed before: everything for c1, until 2018-07-31")
    wide = (
        "suppress",
        "add",
        "--action",
        "big bonus",
        "--channel",
        "sms",
        "--reason",
        "out of paper",
        "--until",
        "2019-01-01",
    )
    assert nbatool(*wide)[1].startswith(
        "suppressed: action bonus, channel sms for everybody, until 2019-01-01T00:00:00Z"
    )
    code, out, _ = nbatool("suppress", "add", "--tag", "sales", "--reason", "strike", "--json")
    assert (code, json.loads(out)["suppression"]["until"], json.loads(out)["new"]) == (0, None, True)
    third = str(json.loads(out)["suppression"]["id"])
    rows = [line.split() for line in nbatool("suppress", "list")[1].splitlines()]
    assert rows[1][:4] == ["1", "c1", "2018-07-31T00:00:00Z", "complains"]
    assert [row[1] for row in rows[2:]] == ["everybody"] * 2
    assert nbatool("suppress", "remove", "1", "99") == (
        4, "", "no suppression 99; nothing was removed. nbatool suppress list shows them\n",
    )  # fmt: skip
    assert len(suppressions(nbatool)) == 3
    assert (
        nbatool("suppress", "remove", "1", third, third)[1]
        == "removed 2: from the next decision on it may go out again\n"
    )
    assert [s["action"] for s in suppressions(nbatool)] == ["bonus"]


def test_one_that_is_over_is_listed_no_more(scored: Path, nbatool: Nbatool) -> None:
    nbatool("suppress", "add", "--customer", "c1", "--for", "1d", "--reason", "x")
    assert nbatool("suppress", "list", "--as-of", "2018-07-02T00:00:01")[1] == "nothing is suppressed\n"
    assert len(suppressions(nbatool)) == 1


def test_an_unknown_customer_is_only_warned_about(scored: Path, nbatool: Nbatool) -> None:
    code, out, err = nbatool("suppress", "add", "--customer", "c9", "--reason", "asked by letter")
    assert (code, err) == (0, '! no customer "c9" is in the published state; it holds if they come\n')
    assert out.startswith("suppressed: everything for c9, until it is removed")


def test_before_the_first_publication_names_are_those_of_the_file(shop: Path, nbatool: Nbatool) -> None:
    with (shop / "nba.toml").open("a") as file:
        file.write(ON_FILE)
    assert nbatool("suppress", "add", "--customer", "c9", "--action", "Big bonus", "--reason", "x")[0] == 0
    assert nbatool("suppress", "add", "--action", "call", "--reason", "x")[0] == 2
    assert [s["action"] for s in suppressions(nbatool)] == ["bonus"]


def test_a_word_waits_for_no_other_command(scored: Path, nbatool: Nbatool) -> None:
    wait(scored, "d_a1", "d_b2")
    with workspace_lock(open_workspace(scored), "nbatool score", 0):
        assert nbatool("review", "approve", "d_a1")[0] == 0
        assert nbatool("review", "reject", "d_b2")[0] == 0
        assert nbatool("suppress", "add", "--customer", "c1", "--reason", "x")[0] == 0
        assert nbatool("suppress", "remove", "1")[0] == 0


def test_no_duckdb_and_no_data_frames(scored: Path) -> None:
    """They start fast, and work while another command has the warehouse open."""
    wait(scored, "d_a1")
    code = (
        "import json, sys\nfrom nbatool.cli.app import run\n"
        "lines = (['review', 'list'], ['review', 'reject', '--all', '--suppress', '1d'], ['suppress', 'list'],\n"
        "         ['suppress', 'add', '--action', 'bonus', '--reason', 'x'], ['suppress', 'remove', '1'])\n"
        "assert [run(line) for line in lines] == [0] * 5\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=scored,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
    loaded = {name.split(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}
    assert loaded & {"duckdb", "polars", "pandas", "pyarrow", "scipy", "lightgbm"} == set()


def test_a_damaged_store_says_what_to_do(scored: Path, nbatool: Nbatool) -> None:
    (scored / "data" / "online.db").write_bytes(b"no database at all, but long enough to be read as one" * 99)
    for line in (("review", "list"), ("suppress", "list")):
        code, _, err = nbatool(*line)
        assert code == 4
        assert "online.db cannot be used" in err
