"""``nbatool init`` writes a workspace, says what it guessed, and overwrites nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nbatool.base.config import load_config

Called = tuple[int, str, str]
ROWS = "user_id,event,ts,amount\n" + "".join(
    f"u{n % 3},purchase,2023-01-{1 + n:02d},{n}.5\n" for n in range(20)
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "orders.csv").write_text(ROWS)
    (tmp_path / "people.csv").write_text("user_id,age\nu0,30\nu1,40\nu2,50\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBATOOL_WORKSPACE", raising=False)
    return tmp_path


def test_several_files_follow_from(here: Path, nbatool: Callable[..., Called]) -> None:
    code, out, _ = nbatool("init", "--from", "orders.csv", "people.csv")
    assert code == 0
    assert [source.name for source in load_config(here / "nba.toml").sources] == ["orders", "people"]
    assert 'files = ["orders.csv"]' in (here / "nba.toml").read_text()
    assert "events: 20 rows, CSV" in out
    assert "Wrote ./nba.toml. Nothing is loaded yet." in out
    assert "nbatool ingest --dry-run" in out


def test_the_folder_comes_before_from(here: Path, nbatool: Callable[..., Called]) -> None:
    code, out, _ = nbatool("init", "shop", "--from", "orders.csv", "people.csv")
    assert code == 0
    assert f'files = ["{here}/orders.csv"]' in (here / "shop" / "nba.toml").read_text()
    assert "nbatool -w shop ingest --dry-run" in out
    assert nbatool("-w", "shop", "ingest")[0] == 0


def test_json(here: Path, nbatool: Callable[..., Called]) -> None:
    code, out, _ = nbatool("init", "--json", "--from", "orders.csv")
    found = json.loads(out)
    assert code == 0
    assert found["written"] == "nba.toml"
    assert found["roles"] == {"purchase": ["purchase"]}
    assert found["sources"][0]["rows"] == 20


def test_an_existing_file_is_kept(here: Path, nbatool: Callable[..., Called]) -> None:
    (here / "nba.toml").write_text("# mine\n")
    code, _, err = nbatool("init", "--from", "orders.csv")
    assert code == 2
    assert "is not overwritten" in err
    assert (here / "nba.toml").read_text() == "# mine\n"


def test_without_files_an_outline(here: Path, nbatool: Callable[..., Called]) -> None:
    code, out, _ = nbatool("init", "shop")
    assert code == 0
    assert "outline" in out
    assert load_config(here / "shop" / "nba.toml").sources == ()


def test_every_commented_block_of_the_outline_loads(here: Path, nbatool: Callable[..., Called]) -> None:
    nbatool("init")
    text = (here / "nba.toml").read_text()
    blocks = [
        line.removeprefix("# ")
        for line in text.splitlines()
        if line.startswith("# ") and (" = " in line or "[" in line[:4])
    ]
    kept = [line for line in blocks if not line.startswith(("With", "nbatool"))]
    (here / "nba.toml").write_text("\n".join(kept))
    config = load_config(here / "nba.toml")
    assert [source.name for source in config.sources] == ["orders", "customers"]
    assert config.actions[0].target == config.targets[0].name


def test_nothing_is_written_when_a_file_is_bad(here: Path, nbatool: Callable[..., Called]) -> None:
    (here / "empty.csv").write_text("")
    code, _, err = nbatool("init", "shop", "--from", "orders.csv", "empty.csv")
    assert code == 4
    assert "empty.csv is empty" in err
    assert not (here / "shop").exists()


def test_a_folder_after_from(here: Path, nbatool: Callable[..., Called]) -> None:
    code, _, err = nbatool("init", "--from", ".")
    assert code == 4
    assert "is a folder" in err
