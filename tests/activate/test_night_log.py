"""The night's decisions in the log: every one, once, with all chances; nothing of a night that did not end."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from small_shop import Shop

from nbatool.activate import free_night, score
from nbatool.activate.score import score_workspace
from nbatool.activate.scored import ScoreSettings
from nbatool.decide.arms import ARMS
from nbatool.learn.answers import DecisionLookup
from nbatool.learn.feed import is_of
from nbatool.report.score_report import score_text
from nbatool.store.online import OnlineStore
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import open_workspace

OWN = "from decisions where source = 'nbatool'"
Row = tuple[Any, ...]


@pytest.fixture
def shop(logged_shop: Path, tmp_path: Path) -> Shop:
    return Shop(Path(shutil.copytree(logged_shop, tmp_path / "shop")))


def night(shop: Shop, **settings: Any) -> score.ScoreReport:
    return score_workspace(open_workspace(shop.root), ScoreSettings(**settings), as_of_us=None)


def everything(shop: Shop) -> list[Row]:
    return shop.rows(f"select * {OWN} order by decision_id, slot")


def action_file(shop: Shop) -> dict[str, dict[str, str]]:
    with next((shop.root / "out").glob("actions-*.csv")).open() as file:
        return {row["decision_id"]: row for row in csv.DictReader(file)}


def nights_of(shop: Shop) -> list[str]:
    online = OnlineStore(shop.root / "data" / "online.db")
    files = [night.file for night in online.nights.all()]
    online.close()
    assert len(list((shop.root / "data").glob("decisions-*.db"))) == len(files)
    return files


def confirm(shop: Shop, ids: list[str]) -> None:
    with open_warehouse(open_workspace(shop.root)) as warehouse:
        for name in ids:
            warehouse.con.execute("insert into contact_states values (?, 'sent', null)", [name])


def test_everybody_is_logged_also_who_gets_nothing(shop: Shop) -> None:
    rows = shop.rows(f"select source_id, arm, action_id, channel, slot, policy {OWN}")
    assert sorted(row[0] for row in rows) == [f"c{i:04d}" for i in range(800)]
    assert {row[1] for row in rows} == set(ARMS)
    assert {row[2] for row in rows if row[1] == "control"} == {"nothing"}
    assert {row[2] for row in rows if row[1] == "policy"} == {"banner", "coupon", "nothing"}
    assert {(row[2], row[3]) for row in rows} == {("banner", "web"), ("coupon", "web"), ("nothing", None)}
    assert {row[4] for row in rows} == {1}
    assert len({row[5] for row in rows}) == 1
    control = Counter(row[1] for row in rows)["control"] / 800
    assert abs(control - 0.2) < 4 * (0.2 * 0.8 / 800) ** 0.5


def test_the_chances_of_every_row_sum_to_one_and_hold_that_of_the_choice(shop: Shop) -> None:
    rows = shop.rows(
        "select probabilities, probability, probability_in_arm, action_id, channel, candidates, arm, net_values, removed "
        f"{OWN.replace('decisions', 'decisions join candidate_sets using (candidate_set)')}"
    )
    assert len(rows) == 800
    for chances, overall, in_arm, action, channel, candidates, arm, net_values, removed in rows:
        names = [tuple(candidate) for candidate in json.loads(candidates)]
        assert names == [("banner", "web"), ("coupon", "web"), ("nothing", None)]
        assert sum(chances) == pytest.approx(1.0, abs=1e-6)
        assert chances[names.index((action, channel))] == pytest.approx(overall, abs=1e-6)
        assert 0 < overall <= 1
        assert 0 < in_arm <= 1
        assert chances[2] >= 0.2 + 0.1 / 3  # control, and chance among the random arm
        assert (len(net_values), removed) == (3, [0, 0, 0])
        assert in_arm == 1.0 or arm in ("policy", "random")


def test_the_action_file_says_the_chance_that_is_logged(shop: Shop) -> None:
    with next((shop.root / "out").glob("actions-*.csv")).open() as file:
        said = {row["decision_id"]: row for row in csv.DictReader(file)}
    logged = shop.rows(f"select decision_id, probability, action_id, arm {OWN} and action_id <> 'nothing'")
    assert len(said) == len(logged) > 300
    for name, probability, action, arm in logged:
        row = said[name]
        # Text has six significant digits; the log has them all.
        assert float(row["selection_probability"]) == pytest.approx(probability, rel=5.1e-6, abs=0)
        assert (row["action_id"], row["arm"]) == (action, arm)


def test_a_night_again_changes_nothing(shop: Shop) -> None:
    before = everything(shop)
    night(shop)
    assert everything(shop) == before


def test_another_seed_takes_the_place_of_what_nobody_acted_on(shop: Shop) -> None:
    before = shop.rows(f"select decision_id, source_id {OWN}")
    confirm(shop, [before[0][0]])
    report = night(shop, seed=7)
    after = shop.rows(f"select decision_id, source_id {OWN}")
    assert (len(after), report.standing) == (800, 1)  # who was contacted is not decided for again
    assert set(before) & set(after) == {before[0]}


def test_a_confirmed_decision_stays_as_it_was(shop: Shop) -> None:
    kept = shop.rows(
        f"select * {OWN} and action_id = 'banner' and arm = 'policy' order by decision_id limit 5"
    )
    confirm(shop, [row[1] for row in kept])
    toml = shop.root / "nba.toml"
    # The banner is worth less than nothing now: everybody else's decision changes.
    toml.write_text(
        toml.read_text().replace(
            'id = "banner"\nchannels = ["web"]\ncost = 0.5', 'id = "banner"\nchannels = ["web"]\ncost = 50'
        )
    )
    night(shop)
    names = [row[1] for row in kept]
    after = {row[1]: row for row in everything(shop)}
    assert [after[name] for name in names] == kept
    others = shop.rows(f"select count(*) {OWN} and action_id = 'banner' and arm = 'policy'")
    assert others[0][0] < 30
    assert len(after) == 800
    # What goes out, what answers are looked up in and the log say one thing of one name.
    logged = {row[1]: (row[5], row[6]) for row in everything(shop)}
    written = {name: (row["action_id"], row["channel"]) for name, row in action_file(shop).items()}
    assert written == {name: said for name, said in logged.items() if said[0] != "nothing"}
    assert {float(action_file(shop)[row[1]]["selection_probability"]) for row in kept} <= {
        float(f"{row[7]:.6g}") for row in kept
    }
    online = OnlineStore(shop.root / "data" / "online.db")
    lookup = DecisionLookup(online, shop.root / "data")
    for name, said in logged.items():
        choice = lookup.choice(name)
        assert choice is not None
        assert (choice.action_id, choice.channel) == said
    lookup.close()
    online.close()


def test_an_action_that_left_the_catalogue_after_it_went_out_teaches_no_other(shop: Shop) -> None:
    name, channel = shop.rows(f"select decision_id, channel {OWN} and action_id = 'banner' limit 1")[0]
    confirm(shop, [name])
    toml = shop.root / "nba.toml"
    text = toml.read_text()
    start = text.index('[[action]]\nid = "banner"')
    toml.write_text(text[:start] + text[text.index('[[action]]\nid = "coupon"') :])
    night(shop)
    assert name not in action_file(shop)
    assert shop.rows(f"select action_id, channel {OWN} and decision_id = '{name}'") == [("banner", channel)]
    online = OnlineStore(shop.root / "data" / "online.db")
    lookup = DecisionLookup(online, shop.root / "data")
    choice = lookup.choice(name)
    assert choice is not None
    assert not is_of(choice, "banner", channel)
    lookup.close()
    online.close()


def test_a_part_of_the_customers_is_a_trial(shop: Shop) -> None:
    """Its decisions are in no log and no night's file: nobody can act on what cannot be answered to."""
    before, nights = everything(shop), nights_of(shop)
    for seed in (0, 3):
        report = night(shop, most=10, seed=seed)
        assert (report.published, report.why_not_logged) == (
            False,
            "only some customers were scored (--max-customers)",
        )
        assert everything(shop) == before
        assert nights_of(shop) == nights


def test_a_dry_run_logs_nothing(shop: Shop) -> None:
    before = everything(shop)
    report = night(shop, dry_run=True, seed=5)
    assert (report.customers, report.published) == (800, False)
    assert everything(shop) == before


def test_a_night_that_dies_logs_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything(shop)
    chunks = free_night.score_chunks

    def killed(*args: Any, **options: Any) -> Any:
        yield from chunks(*args, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(free_night, "score_chunks", killed)
    monkeypatch.setattr("nbatool.activate.night_log.MOST_WAITING", 100)
    with pytest.raises(KeyboardInterrupt):
        night(shop, seed=9)
    assert everything(shop) == before


def test_a_file_that_cannot_be_written_leaves_decisions_a_repetition_takes_back(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log is written before any file can be acted on; the next night of the moment begins anew."""

    def full(*_: Any, **__: Any) -> Any:
        raise OSError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(score, "write_night_files", full)
        with pytest.raises(OSError, match="disk full"):
            night(shop, seed=9)
    night(shop)
    assert len(everything(shop)) == 800


def test_an_apprentice_decides_for_nobody_at_night(shop: Shop) -> None:
    toml = shop.root / "nba.toml"
    toml.write_text(toml.read_text().replace("[exploration]", "[exploration]\napprentice = true"))
    before, nights = everything(shop), nights_of(shop)
    assert action_file(shop)
    report = night(shop, seed=4)
    assert everything(shop) == before
    assert report.published
    assert report.why_not_logged is not None
    # The head alone: whoever reads the file must not find yesterday's contacts.
    assert action_file(shop) == {}
    assert report.actions_file is not None
    assert report.actions_file.read_text().startswith("customer_id,rank,action_id")
    assert report.scores_file is not None
    assert len(report.scores_file.read_text().splitlines()) == 801
    assert nights_of(shop) == nights
    assert "contact nobody by them" in score_text(report, "EUR", 80)
