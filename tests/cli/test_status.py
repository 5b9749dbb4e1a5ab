"""`status`, `models` and `doctor` on a workspace that has nothing yet."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from nbatool.models import registry

Nbatool = Callable[..., tuple[int, str, str]]


def test_status_of_a_new_workspace(shop: Path, nbatool: Nbatool) -> None:
    code, out, err = nbatool("status")
    assert (code, err) == (0, "")
    assert out == (
        f"workspace  {shop}\nas of      newest\nmodel      none yet: nbatool train\n\n"
        "Nothing is loaded yet: nbatool ingest\n"
    )


def test_no_rejects(shop: Path, nbatool: Nbatool) -> None:
    assert nbatool("status", "--rejects") == (0, "No row was rejected.\n", "")


def test_models(shop: Path, nbatool: Nbatool) -> None:
    assert nbatool("models", "list") == (0, "No model yet: nbatool train\n", "")
    first, second = (
        registry.save(shop / "models", {"m.txt": text}, as_of_us=0, about={"auc": 0.5}, seed=0)
        for text in (b"one", b"two")
    )
    assert nbatool("models", "promote", first) == (0, f"{first} is now in force\n", "")
    assert nbatool("models", "promote", first) == (0, f"{first} was in force already\n", "")
    assert nbatool("models", "promote", second, "--why", "better")[0] == 0
    listed = json.loads(nbatool("models", "list", "--json")[1])
    assert listed["champion"] == second
    assert {entry["version"]: entry["champion"] for entry in listed["versions"]} == {
        first: False,
        second: True,
    }
    assert nbatool("models", "rollback", "-q") == (0, "", "")
    assert registry.champion(shop / "models") == first
    assert "auc: 0.5" in nbatool("models", "show", second)[1]
    assert nbatool("models", "rollback")[0] == 4


def test_models_list_is_in_the_order_of_training(shop: Path, nbatool: Nbatool) -> None:
    names = [
        registry.save(
            shop / "models", {"m.txt": b"%d" % k}, as_of_us=(9 - k) * 86_400_000_000, about={}, seed=0
        )
        for k in range(4)
    ]
    for k, name in enumerate(names):
        os.utime(shop / "models" / name / "manifest.json", (1_600_000_000 + k, 1_600_000_000 + k))
    assert sorted(names) != names
    # copied later than it was put in force: the log knows better
    os.utime(shop / "models" / names[0] / "manifest.json", (1_700_000_000, 1_700_000_000))
    registry.promote(shop / "models", names[0], why="trained", when_us=1_500_000_000_000_000)
    listed = json.loads(nbatool("models", "list", "--json")[1])["versions"]
    assert [entry["version"] for entry in listed] == names
    assert listed[0]["trained_at"] == "2017-07-14T02:40:00Z"
    assert listed[3]["trained_at"] == "2020-09-13T12:26:43Z"
    lines = nbatool("models", "list")[1].splitlines()
    assert [line.split()[-2] for line in lines[2:5]] == [entry["trained_at"] for entry in listed[1:]]
    assert lines[1].split()[:3] == ["in", "force", names[0]]
    assert [line.split() for line in lines[6:]] == [
        ["switched", "to", "why"], ["2017-07-14T02:40:00Z", "promote", names[0], "trained"],
    ]  # fmt: skip


def test_models_list_shows_the_newest_switches_with_their_evidence(shop: Path, nbatool: Nbatool) -> None:
    models = shop / "models"
    one, two = (registry.save(models, {"m.txt": text}, as_of_us=0, about={}, seed=0) for text in (b"1", b"2"))
    for k in range(7):
        why, found = f"gain {k}\nover another", {"decisions": k}
        registry.promote(models, (one, two)[k % 2], why=why, when_us=k * 86_400_000_000, evidence=found)
    out = nbatool("models", "list")[1]
    assert "gain 1 over another" not in out
    assert [f"gain {k} over another" in out for k in range(2, 7)] == [True] * 5
    assert out.endswith("\n2 earlier: nbatool models list --json\n")
    switches = json.loads(nbatool("models", "list", "--json")[1])["switches"]
    assert [s["evidence"]["decisions"] for s in switches] == list(range(7))
    assert "switched 1970-01-07 00:00 UTC: gain 6" in " ".join(nbatool("models", "show", one)[1].split())


def test_models_list_shows_how_good_each_version_is(shop: Path, nbatool: Nbatool) -> None:
    metrics = {"purchase_30d": {"auc": 0.741, "log_loss": 0.5, "n_rows": 9}, "churn_90d": None}
    version = registry.save(shop / "models", {"m.txt": b"x"}, as_of_us=0, about={"metrics": metrics}, seed=0)
    head, line = nbatool("models", "list")[1].splitlines()
    assert head.split()[-1] == "quality"
    assert line.split()[0] == version
    assert line.endswith("  churn_90d not trained, purchase_30d AUC .74")
    (listed,) = json.loads(nbatool("models", "list", "--json")[1])["versions"]
    assert listed["quality"]["churn_90d"] is None
    assert listed["quality"]["purchase_30d"] == {
        "auc": 0.741, "log_loss": 0.5, "brier": None, "calibration_error": None, "best_baseline": None,
        "better_than_baseline": None,
    }  # fmt: skip


def test_doctor(shop: Path, nbatool: Nbatool) -> None:
    code, out, err = nbatool("doctor", "--json")
    assert (code, err) == (0, "")
    checks = {check["check"]: check["ok"] for check in json.loads(out)["checks"]}
    assert all(checks.values())
    assert 'source "events"' in checks


def test_doctor_counts_the_actions_of_the_catalogue(shop: Path, nbatool: Nbatool) -> None:
    (shop / "actions.csv").write_text("action_id,name\na,A\nb,B\n")
    with (shop / "nba.toml").open("a") as file:
        file.write('[catalogue]\nfile = "actions.csv"\n[catalogue.map]\nid = "action_id"\nname = "name"\n')
        file.write('[catalogue.defaults]\nchannels = ["email"]\n')
    checks = {c["check"]: c for c in json.loads(nbatool("doctor", "--json")[1])["checks"]}
    assert checks["catalogue"] == {
        "check": "catalogue", "ok": True, "detail": f"2 actions, {shop / 'actions.csv'}",
    }  # fmt: skip
    (shop / "actions.csv").unlink()
    code, out, _ = nbatool("doctor")
    assert code == 4
    assert "actions.csv" in out


def test_doctor_warns_of_a_rules_only_arm_without_a_rule(shop: Path, nbatool: Nbatool) -> None:
    def found() -> dict[str, str]:
        checks = json.loads(nbatool("doctor", "--json")[1])["checks"]
        return {c["check"]: c["detail"] for c in checks if c["ok"]}

    action = '[[action]]\nid = "{}"\nname = "A"\nchannels = ["email"]\n'
    with (shop / "nba.toml").open("a") as file:
        file.write(action.format("b"))
    assert "experiment" not in found()
    assert found()["catalogue"] == "1 action"
    assert 'source "events"' in found()
    assert found()['source "events"'] == "1 file name or pattern found"
    with (shop / "nba.toml").open("a") as file:
        file.write(f"{action.format('a')}[experiment]\ncomponent_arms = 0.1\n")
    assert found()["experiment"].startswith(
        "warning: every lever is 1, so the rules_only arm takes the first action"
    )
    assert '"a" before all' in found()["experiment"]
    text = (shop / "nba.toml").read_text()
    (shop / "nba.toml").write_text(text.replace('id = "a"', 'id = "a"\nlever = 2'))
    assert found()["experiment"] == "the rules_only arm has levers to go by"


def test_doctor_and_train_see_a_mistyped_event(shop: Path, nbatool: Nbatool) -> None:
    text = (shop / "nba.toml").read_text()
    line = len(text.splitlines()) + 3
    target = '[[target]]\nname = "p"\nevent = "{}"\nwithin = "7d"\n'
    (shop / "events.csv").write_text("who,when,what,amount\nc1,2018-01-01,buy,5\nc1,2018-01-02,page_view,\n")
    (shop / "nba.toml").write_text(text + target.format("page_veiw"))
    assert nbatool("doctor")[0] == 0  # nothing is loaded yet: it may come
    assert nbatool("ingest", "-q")[0] == 0
    said = (
        f'nba.toml:{line}: [[target]] "p": no event of type "page_veiw" is loaded; did you mean "page_view"? '
        "Loaded are: buy, page_view. Mend the name, or take it out until such events are loaded"
    )
    assert nbatool("train") == (3, "", f"{said}\n")
    assert not (shop / "models").exists()
    code, out, _ = nbatool("doctor", "--json")
    found = {c["check"]: (c["ok"], c["detail"]) for c in json.loads(out)["checks"]}["event types"]
    assert (code, found) == (3, (False, said))
    (shop / "nba.toml").write_text(text + target.format("signup"))
    code, out, _ = nbatool("train", "--json")
    assert (code, '[[target]] "p": no event of type "signup" is loaded' in json.loads(out)["warnings"]) == (
        0,
        True,
    )
    assert 'no event of type "signup" is loaded' in nbatool("doctor")[1]


def test_doctor_sees_names_that_only_training_looks_up(shop: Path, nbatool: Nbatool) -> None:
    text = (shop / "nba.toml").read_text()
    line = len(text.splitlines()) + 2
    (shop / "events.csv").write_text("who,when,what,amount\nc1,2018-01-01,buy,5\nc1,2018-01-02,page_view,\n")
    (shop / "nba.toml").write_text(
        text + '[learning]\ncontext = ["days_since_last_purchas", "context.page"]\n'
        '[[action]]\nid = "a"\nchannels = ["email"]\neligible_when = "days_since_last_buys > 1"\n'
    )
    assert nbatool("doctor")[0] == 0  # nothing is loaded yet
    assert nbatool("ingest", "-q")[0] == 0
    code, out, _ = nbatool("doctor", "--json")
    found = {c["check"]: c for c in json.loads(out)["checks"]}["names"]
    first, second = found["detail"].splitlines()
    assert (code, found["ok"]) == (3, False)
    assert first == (
        f'nba.toml:{line}: [learning] context: no feature or attribute "days_since_last_purchas"; '
        'did you mean "days_since_last_purchase"?'
    )
    assert second.startswith(f'nba.toml:{line + 4}: [[action]] "a": eligible_when: ')
    (shop / "nba.toml").write_text(text + '[learning]\ncontext = ["days_since_last_purchase"]\n')
    assert nbatool("doctor")[0] == 0


def test_doctor_without_a_workspace_looks_at_the_installation(
    tmp_path: Path, nbatool: Nbatool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBATOOL_WORKSPACE", raising=False)
    code, out, _ = nbatool("doctor")
    assert code == 0
    assert "none here, and none was named" in out
    assert nbatool("doctor", "-w", "nowhere")[0] == nbatool("status", "-w", "nowhere")[0] == 3
    code, out, err = nbatool("doctor", "-w", "nowhere", "--json")
    assert (code, err, json.loads(out)["ok"]) == (3, "1 of 8 checks failed\n", False)


def test_doctor_finds_what_is_missing(shop: Path, nbatool: Nbatool) -> None:
    (shop / "events.csv").unlink()
    code, out, err = nbatool("doctor")
    assert code == 4
    assert f"not there: {shop / 'events.csv'}" in out
    assert err == "1 of 17 checks failed\n"
