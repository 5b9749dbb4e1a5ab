"""``nbatool evaluate`` on a log whose truth is known."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from calls import call
from logged_shop import CHANCES, CUSTOMERS, NET, TOML, TRAINED_AT, N, sizes, write_shop
from small_shop import Shop

RULES = '[[rule]]\nwhen = "size > 0.5"\naction = "coupon"\n[[rule]]\naction = "banner"\n'
EVALUATE = '[evaluate]\nresamples = 300\nrules = "rules.toml"\nsegments = ["size", "town"]\n'


@pytest.fixture(scope="module")
def shop(logged_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = Path(shutil.copytree(logged_shop, tmp_path_factory.mktemp("evaluated") / "shop"))
    configure(root, EVALUATE)
    (root / "rules.toml").write_text(RULES)
    return root


def configure(root: Path, more: str) -> None:
    toml = root / "nba.toml"
    toml.write_text(toml.read_text().split("[evaluate]")[0] + more)


@pytest.fixture(scope="module")
def logged_before(shop: Path) -> list[Any]:
    return Shop(shop).rows("select count(*), max(batch_id) from decisions")


@pytest.fixture(scope="module")
def found(shop: Path, logged_before: list[Any]) -> dict[str, Any]:
    return dict(call(shop, "evaluate", "--json").json)


def sizes_judged(shop: Path) -> np.ndarray:
    """The size of the customer of each judged decision."""
    rows = Shop(shop).rows(
        f"select source_id from decisions where source = 'log' and as_of > timestamp '{TRAINED_AT}'"
    )
    return sizes()[[int(row[0][1:]) for row in rows]]


def covers(interval: dict[str, float], value: float) -> bool:
    return interval["low"] <= value <= interval["high"]


def test_the_intervals_hold_the_true_values(shop: Path, found: dict[str, Any]) -> None:
    size = sizes_judged(shop)
    assert len(size) == found["decisions"] > 2_000
    true = {
        "rules": NET[size].max(axis=1).mean(), "nothing": NET[size, 2].mean(), "random": NET[size].mean(),
        "logged": (NET * CHANCES)[size].sum(axis=1).mean(),
    }  # fmt: skip
    for name, value in true.items():
        estimates = found["policies"][name]["estimates"]
        assert covers(estimates["DR"], value), (name, value)
        for estimator in ("IPS", "SNIPS", "SNDR", "switch-DR"):
            assert abs(estimates[estimator]["value"] - value) < 3 * estimates[estimator]["se"], (
                name,
                estimator,
            )
    champion, rules = (found["policies"][name] for name in ("champion", "rules"))
    assert champion["gain"]["rules"]["high"] < 0.2
    assert rules["mix"]["coupon by web"] == pytest.approx(size.mean())


def test_everything_about_the_judgement_is_said(shop: Path, found: dict[str, Any]) -> None:
    assert (found["twin_of"], found["challenger"], found["from_events"]) == (None, None, False)
    assert (found["probabilities"], found["left_out"], found["anonymous"]) == ("logged", {}, 0)
    assert found["honest"]["honest"]
    assert found["logging_policies"] == ["log/by size"]
    assert set(found["policies"]) == {
        "champion", "greedy", "logged", "nothing", "random", "best_single", "rules",
    }  # fmt: skip
    assert {s["segment"].split(" = ")[0] for s in found["segments"]} == {"size", "town"}
    assert {s["segment"] for s in found["segments"]} > {"town = north", "town = south"}
    for policy in found["policies"].values():
        assert policy["supported"]
        assert sum(policy["mix"].values()) == pytest.approx(1.0)


def test_nothing_is_decided_by_judging(shop: Path, found: dict[str, Any], logged_before: list[Any]) -> None:
    assert Shop(shop).rows("select count(*), max(batch_id) from decisions") == logged_before


@pytest.mark.slow
def test_the_table(shop: Path) -> None:
    said = call(shop, "evaluate").out
    for part in (
        "  champion ", "  what was done", "  best single action", "random: any possible action alike", "  rules",
        "Values are EUR per 1,000 customers decided once", "champion against", "champion by estimator", "switch-DR",
        "banner by web", "95% interval", "town = north", "evaluate --seed 0", "300 resamples",
    ):  # fmt: skip
        assert part in said, part


@pytest.mark.slow
def test_the_gate(shop: Path) -> None:
    configure(shop, EVALUATE + "min_gain = { logged = 0.5, nothing = 0.5, random = 0.1 }\n")
    assert call(shop, "evaluate", "--gate", "--json").json["gate"] == []
    configure(shop, EVALUATE + "min_gain = { logged = 0.5, nothing = 50 }\n")
    ended = call(shop, "evaluate", "--gate", "--json", code=5)
    assert [said.split(" is at least")[0] for said in ended.json["gate"]] == [
        "the champion's gain over nothing"
    ]
    assert "min_gain asks for 50" in ended.err
    assert call(shop, "evaluate", "--json").json.get("gate") is None
    leaking = call(shop, "evaluate", "--gate", "--from", "2026-01-10", code=5)
    assert "was trained on decisions it is judged on" in leaking.err
    configure(shop, EVALUATE)


def test_a_gate_that_asks_for_nothing_is_refused(shop: Path) -> None:
    ended = call(shop, "evaluate", "--gate", code=3)
    assert "nba.toml:" in ended.err
    assert (
        "--gate: no threshold is set. Write for example min_gain = { logged = 0.0 } under [evaluate]"
        in ended.err
    )


@pytest.mark.slow
def test_decisions_from_a_time_on(shop: Path, found: dict[str, Any]) -> None:
    later = call(shop, "evaluate", "--json", "--from", "2026-02-10").json
    assert later["first"] >= "2026-02-10"
    assert 0 < later["decisions"] < found["decisions"]
    assert not any("learned" in said for said in later["warnings"])
    earlier = call(shop, "evaluate", "--json", "--from", "2026-01-10").json
    assert earlier["decisions"] > found["decisions"]
    assert any("may have learned from outcomes it is judged on" in said for said in earlier["warnings"])
    (leak,) = earlier["leaks"]
    assert (leak["policy"], leak["version"], leak["trained_until"][:10]) == (
        "champion",
        earlier["version"],
        TRAINED_AT,
    )
    assert 0 < leak["decisions"] < earlier["decisions"]
    assert "2026-01-10" <= leak["from"] < leak["until"] < leak["clean_from"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--version", "2026-01-20-ffff"), 4, "no model version '2026-01-20-ffff'"),
        (("--challenger", "nope"), 4, "no model version 'nope'"),
        (("--from", "yesterday"), 2, "--from: "),
        (("--from", "2026-05-01"), 4, "no closed decision is logged from 2026-05-01"),
        # what works is said ready to be pasted
        (("--from", "2026-05-01"), 4, "evaluate --from 2026-01-01T"),
    ],
)
def test_what_cannot_be_asked(shop: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    ended = call(shop, "evaluate", *arguments, code=code)
    assert said in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.slow
def test_a_version_that_knows_everything_is_judged_by_a_twin(shop: Path, tmp_path: Path) -> None:
    """A challenger as it is has learned all outcomes there are: it is not compared on them unless asked to."""
    own = Path(shutil.copytree(shop, tmp_path / "own"))
    newest = call(own, "train", "--json").json["version"]
    twin = call(own, "evaluate", "--json").json
    assert twin["version"] == newest
    assert "2026-02-01" < twin["twin_of"] < twin["first"] + "~"
    assert twin["decisions"] == pytest.approx(1_000, abs=60)
    assert twin["policies"]["champion"]["estimates"]["DR"]["value"] > 3.3
    first = next(v.name for v in (own / "models").iterdir() if v.is_dir() and v.name != newest)
    ended = call(own, "evaluate", "--version", first, "--challenger", newest, code=4)
    assert "no closed decision is logged from" in ended.err
    compared = call(
        own, "evaluate", "--version", first, "--challenger", newest, "--from", "2026-02-01", "--json"
    ).json
    assert "champion" in compared["policies"]["challenger"]["gain"]
    assert any(
        f"the challenger {newest} was trained on what happened until" in w for w in compared["warnings"]
    )
    assert {leak["version"] for leak in compared["leaks"]} >= {newest}


def test_rules_that_read_what_is_not_known_of_the_past(shop: Path, tmp_path: Path) -> None:
    own = Path(shutil.copytree(shop, tmp_path / "own"))
    (own / "rules.toml").write_text('[[rule]]\nwhen = "clv > 5"\naction = "coupon"\n')
    assert 'no feature "clv"' in call(own, "evaluate", code=3).err


@pytest.mark.parametrize(
    ("evaluate", "said"),
    [
        ('segments = ["size",\n  "twon"]\n', 'nba.toml:{line}: [evaluate] segments: there is no attribute or feature "twon"; did you mean "town"?'),
        ('rules = "none.toml"\n', 'nba.toml:{line}: [evaluate] rules: there is no file "none.toml"'),
        ('rules = "wrong.toml"\n', 'wrong.toml:2: rule 1: no action "cuopon"; did you mean "coupon"?'),
        ('rules = "wrong.toml"\n', "wrong.toml:4: rule 2:"),
    ],
)  # fmt: skip
def test_names_that_do_not_exist_are_found_before_any_work(
    shop: Path, tmp_path: Path, evaluate: str, said: str
) -> None:
    own = Path(shutil.copytree(shop, tmp_path / "own"))
    (own / "wrong.toml").write_text(
        '[[rule]]\naction = "cuopon"\n[[rule]]\nwhen = "siez > 1"\naction = "coupon"\n'
    )
    configure(own, "[evaluate]\n" + evaluate)
    line = len((own / "nba.toml").read_text().splitlines())
    for command in ("evaluate", "doctor"):
        ended = call(own, command, code=3)
        assert said.format(line=line) in " ".join((ended.err + ended.out).split())
        assert "Traceback" not in ended.err


@pytest.mark.slow
def test_decisions_of_one_instant_are_kept_apart_by_customer(shop: Path, tmp_path: Path) -> None:
    """One mailing, drawn by lot: nothing is newer than what was learned, so other customers are judged."""
    own = Path(shutil.copytree(shop, tmp_path / "own"))
    toml = own / "nba.toml"
    toml.write_text(toml.read_text().replace('ts = "ts"', "ts = \"timestamp '2026-01-05'\""))
    call(own, "ingest", "-q", "--source", "log", "--full-refresh")
    version = call(own, "train", "--json", "--as-of", "2026-03-15").json["version"]
    one = call(own, "evaluate", "--json", "--as-of", "2026-03-15").json
    assert (one["version"], one["leaks"]) == (version, [])
    assert one["first"] == one["last"]
    assert one["decisions"] == pytest.approx(N / 4, abs=N / 20)
    assert one["held_out_customers"] == pytest.approx(CUSTOMERS / 4, abs=2)
    assert one["policies"]["champion"]["gain"]["logged"]["low"] > 0
    again = call(own, "evaluate", "--json", "--as-of", "2026-03-15").json
    assert again == one
    text = call(own, "evaluate", "--as-of", "2026-03-15").out
    assert "All decisions whose outcome is known were made at one instant" in " ".join(text.split())
    assert Shop(own).rows("select count(*) from decisions where source = 'log'") == [(N,)]


@pytest.mark.slow
def test_a_log_that_cannot_be_used_says_why(tmp_path: Path, logged_shop: Path) -> None:
    own = Path(shutil.copytree(logged_shop, tmp_path / "own"))
    toml = own / "nba.toml"
    toml.write_text(
        toml.read_text().replace('channel = "channel"\n', 'channel = "channel"\n', 1)
        .replace('probability = "p::double"', 'probability = "0.0"').replace('candidates = "among"\n', "")
    )  # fmt: skip
    call(own, "ingest", "-q", "--source", "log", "--full-refresh", "--max-rejects", "100%")
    ended = call(own, "evaluate", code=4)
    assert "Traceback" not in ended.err
    assert "decision" in ended.err


def test_without_an_objective_nothing_can_be_judged(tmp_path: Path) -> None:
    root = write_shop(tmp_path / "shop", n=50)
    (root / "nba.toml").write_text(TOML.split("[[objective]]")[0])
    assert "[[objective]] is missing" in call(root, "evaluate", code=3).err
