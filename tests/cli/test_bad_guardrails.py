"""Guardrails that cannot be kept: refused by the real command with the line they stand on, and nothing is written."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from once import made_once
from trained import trained_shop

Nbatool = Callable[..., tuple[int, str, str]]
CHANNELS = ("email", "push", "web")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(
        tmp_path_factory, "finished", lambda at: trained_shop(at, customers=300, seed=3, clv_model="bg_nbd")
    )


@pytest.fixture
def root(trained: Path, tmp_path: Path) -> Path:
    """A shop that was scored, ready to be spoiled."""
    return shutil.copytree(trained, tmp_path / "shop")


def spoiled(root: Path, said: str, *, catalogue: str = "") -> int:
    """Add guardrails; return the line before the first of theirs."""
    toml = root / "nba.toml"
    text = toml.read_text(encoding="utf-8")
    text = text.replace("[catalogue]\n", f"[catalogue]\n{catalogue}") + "\n[guardrails]\n"
    toml.write_text(text + said, encoding="utf-8")
    return text.count("\n")


def refused(root: Path, nbatool: Nbatool) -> str:
    """Score; insist that it says it is the configuration, and leaves no file."""
    before = sorted(path.name for path in (root / "out").iterdir())
    code, out, err = nbatool("-w", str(root), "score", "--as-of", "2018-07-02")
    assert (code, out) == (3, "")
    assert sorted(path.name for path in (root / "out").iterdir()) == before
    return err


@pytest.mark.parametrize(
    ("said", "line", "told"),
    [
        ('min_share = [\n{ channel = "push", share = 0.1 },\n{ channel = "email", share = 0.5 },\n]\n'
         'max_share = [{ channel = "email", share = 0.3 }]', 3, "min_share of channel email is 0.5, its max_share 0.3"),
        ("max_contacts = [\n" + "".join(f'{{ channel = "{c}", limit = 0, window = "7d" }},\n' for c in CHANNELS) + "]",
         4, "leaves nothing that could ever go out"),
        ('max_contacts = [\n{ limit = 2, window = "7d" },\n{ limit = 0, window = "7d" }]', 3, "reaches nobody ever"),
        ('max_contacts = [{ limit = 99999999999999999999, window = "7d" }]', 1, "must be less than or equal to"),
        ('quiet_hours = [{ start = "00:00", end = "24:00" }]', 1, "quiet all day"),
        ('quiet_hours = [{ start = "08:00", end = "20:00" }, { start = "19:00", end = "09:00", channels = ["email"] }]',
         1, "together they are quiet all day for channel email"),
        ('budget = [\n{ amount = 5, window = "1d" },\n{ amount = -5, window = "1d" }]', 3, "must not be negative"),
        ('budget = [{ amount = nan, window = "1d" }]', 1, "must be a finite number"),
        ('unconfirmed_after = "0d"', 1, "must be longer than nothing"),
        ('suppress = [\n{ when = "age > 3", reason = "x" },\n{ when = "region > 3", reason = "x" }]', 3,
         '"region > 3" compares a number with a text'),
        ('reach = { push = "tier = 3" }', 1, '"tier = 3" compares a number with a text'),
        ('review = [{ when = "age", reason = "x" }]', 1, '"age" is a number, a boolean is needed'),
        ('require_consent = ["emial"]', 1, 'did you mean "email"?'),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused_with_its_line(
    root: Path, nbatool: Nbatool, said: str, line: int, told: str
) -> None:
    before = spoiled(root, said)
    err = refused(root, nbatool)
    assert told in err
    assert f"nba.toml:{before + line}: [guardrails" in err


def test_a_plan_for_everybody_keeps_no_budget(root: Path, nbatool: Nbatool) -> None:
    said = 'budget = [{ amount = 5, window = "1d" }]'
    before = spoiled(root, said, catalogue="allow_nothing = false\n")
    err = refused(root, nbatool)
    assert (
        f"nba.toml:{before + 1}: [guardrails] budget: [catalogue] allow_nothing = false contacts everybody"
        in err
    )


def test_a_workspace_in_no_known_zone_is_refused(root: Path, nbatool: Nbatool) -> None:
    toml = root / "nba.toml"
    toml.write_text(toml.read_text().replace('timezone = "UTC"', 'timezone = "Europe/Berln"'))
    err = refused(root, nbatool)
    assert '[workspace] timezone: "Europe/Berln" is not a time zone; did you mean "Europe/Berlin"?' in err


def test_a_cap_of_zero_on_one_channel_is_kept_and_explained(root: Path, nbatool: Nbatool) -> None:
    spoiled(root, 'max_contacts = [{ channel = "email", limit = 0, window = "7d" }]')
    assert nbatool("-w", str(root), "score", "-q")[0] == 0
    ask = root / "ask.json"
    ask.write_text('{"customer_id": "c000001", "explain": true, "dry_run": true}')
    code, out, _ = nbatool("-w", str(root), "decide", str(ask))
    assert code == 0
    assert "max_contacts: at most 0 contacts by channel email in 7d" in out
