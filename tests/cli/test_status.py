"""`status`, `models` and `doctor` on a workspace that has nothing yet."""

from __future__ import annotations

import json
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


def test_doctor(shop: Path, nbatool: Nbatool) -> None:
    code, out, err = nbatool("doctor", "--json")
    assert (code, err) == (0, "")
    checks = {check["check"]: check["ok"] for check in json.loads(out)["checks"]}
    assert all(checks.values())
    assert 'source "events"' in checks


def test_doctor_without_a_workspace_looks_at_the_installation(
    tmp_path: Path, nbatool: Nbatool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBATOOL_WORKSPACE", raising=False)
    code, out, _ = nbatool("doctor")
    assert code == 0
    assert "none here, and none was named" in out
    assert nbatool("doctor", "-w", "nowhere")[0] == 4


def test_doctor_finds_what_is_missing(shop: Path, nbatool: Nbatool) -> None:
    (shop / "events.csv").unlink()
    code, out, err = nbatool("doctor")
    assert code == 4
    assert f"not there: {shop / 'events.csv'}" in out
    assert err == "1 of 11 checks failed\n"
