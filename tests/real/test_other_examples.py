"""The examples no model is trained on yet load through the command line."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from calls import call
from loaded import Loaded

from nbatool.base.config import load_config
from nbatool.ingest.catalogue import load_catalogue

pytestmark = [pytest.mark.real_data, pytest.mark.slow]

COUNTS = ("rows", "accepted", "duplicate", "rejected")


def test_hillstrom(load_example: Callable[..., Loaded]) -> None:
    loaded = load_example("hillstrom")
    customers, mailing = (loaded.first["sources"][name] for name in ("customers", "mailing"))
    assert [customers[key] for key in COUNTS] == [64_000, 64_000, 0, 0]
    assert [mailing[key] for key in COUNTS] == [64_000, 64_000, 0, 0]
    assert [loaded.again[key] for key in COUNTS] == [128_000, 0, 128_000, 0]
    assert [a.id for a in load_catalogue(load_config(loaded.root / "nba.toml"))] == ["mens", "womens"]


def test_openbandit(load_example: Callable[..., Loaded]) -> None:
    loaded = load_example("openbandit")
    for name in ("random", "bts"):
        assert [loaded.first["sources"][name][key] for key in COUNTS] == [10_000, 10_000, 0, 0]
    assert [loaded.again[key] for key in COUNTS] == [20_000, 0, 20_000, 0]
    actions = load_catalogue(load_config(loaded.root / "nba.toml"))
    assert sorted(int(a.id) for a in actions) == list(range(34))
    assert {a.channels for a in actions} == {("web",)}
    [bts, random] = call(loaded.root, "status", "--json").json["decisions"]
    assert (random["source"], random["with_outcome"], bts["with_probability"]) == ("random", 10_000, 10_000)


def test_completejourney(load_example: Callable[..., Loaded]) -> None:
    loaded = load_example("completejourney")
    accepted = {name: source["accepted"] for name, source in loaded.first["sources"].items()}
    assert accepted == {"transactions": 155_848, "campaigns": 6_589, "redemptions": 2_102, "households": 801}
    assert [loaded.first[key] for key in COUNTS] == [165_340, 165_340, 0, 0]
    assert [loaded.again[key] for key in COUNTS] == [165_340, 0, 165_340, 0]
    transactions = call(loaded.root, "ingest", "--full-refresh", "--source", "transactions").out
    assert "made from 1,469,307 lines" in transactions
    assert "4,836 lines without a partner in p" in transactions
