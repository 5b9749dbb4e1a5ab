"""Actions as people call them, and the channels they go out on."""

from __future__ import annotations

from pathlib import Path

import pytest
from calls import call, decide
from small_shop import Shop

from nbatool.base.errors import UsageError
from nbatool.base.records import Action
from nbatool.decide.catalogue import compile_catalogue

NAMES = {"ae26": "bogo 5/5 7d", "9b98": "Discount", "4d5c": "discount", "plain": "plain"}
CATALOGUE = compile_catalogue(
    [Action(i, name, ("web", "email")) for i, name in NAMES.items()],
    {}, every_channel=True, allow_nothing=True, file="nba.toml",
)  # fmt: skip


@pytest.mark.parametrize("said", ["ae26", "bogo 5/5 7d", " BOGO 5/5 7D"])
def test_an_action_is_called_by_id_or_name(said: str) -> None:
    assert CATALOGUE.action_called(said) == "ae26"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("discount", '2 actions are called "discount": 4d5c (discount), 9b98 (Discount). Ask by id'),
        ("bogo 5/5 8d", 'no action "bogo 5/5 8d" in the catalogue; did you mean "bogo 5/5 7d"? Known are 4d5c (discount), '
                        "9b98 (Discount), ae26 (bogo 5/5 7d), plain"),
        ("zz", 'no action "zz" in the catalogue. Known are 4d5c (discount), 9b98 (Discount), ae26 (bogo 5/5 7d), plain'),
    ],
)  # fmt: skip
def test_nobody_or_several_are_called_so(said: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        CATALOGUE.action_called(said)
    assert str(raised.value) == message


@pytest.fixture(scope="module")
def everywhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop without contacts whose actions go out on all their channels at once."""
    shop = Shop(tmp_path_factory.mktemp("everywhere"))
    days = [f"2018-{month:02}-{day:02}" for month in range(1, 7) for day in (3, 17)]
    rows = [f"c{c},{day},buy" for c in range(1, 30) for day in days[c % 7 :: 1 + c % 3]]
    shop.write("events.csv", "\n".join(["id,ts,type", *rows]))
    shop.configure("""
        as_of = "newest"
        [[source]]
        name = "shop"
        kind = "events"
        files = ["events.csv"]
        [source.map]
        customer_id = "id"
        ts = "ts"
        type = "type"
        [roles]
        purchase = ["buy"]
        [[target]]
        name = "buys_30d"
        event = "buy"
        within = "30d"
        [catalogue]
        channel_mode = "all"
        defaults = { target = "buys_30d", value_per_response = 10.0 }
        [[action]]
        id = "wide"
        name = "Wide offer"
        channels = ["web", "email"]
        [[action]]
        id = "narrow"
        channels = ["web"]
        value_per_response = 20.0
    """)
    for command in ("ingest", "train", "score"):
        call(shop.root, command, "-q")
    return shop.root


def test_a_channel_asked_for_keeps_what_goes_out_on_it_and_on_others(everywhere: Path) -> None:
    asked = [{"customer_id": "c1", "channel": channel} for channel in ("web", "email")]
    web, email = decide(everywhere, asked)
    assert [(a["action_id"], a["channel"]) for a in web["actions"]] == [("narrow", "web")]
    assert [(a["action_id"], a["channel"]) for a in email["actions"]] == [("wide", "web+email")]


def test_a_chance_is_not_called_an_effect(everywhere: Path) -> None:
    answer = call(everywhere, "decide", "--explain", stdin='{"customer_id": "c1"}').json["actions"][0]
    assert answer["uplift"] is None
    assert answer["reasons"][0].endswith(" of buys_30d × 20.00, not an effect of the action")
    assert answer["reasons"][0].startswith(f"{answer['net_value']:+,.2f} = chance 0.")
    out = everywhere / "out.ndjson"
    call(everywhere, "score", "-q", "--dry-run", "--out", str(out))
    assert '"uplift":null' in out.read_text(encoding="utf-8")
    said = call(everywhere, "explain", "c1", "--action", "wide OFFER").out
    assert "× 10.00, not an effect of the action" in said
    assert "against doing nothing" not in said
    assert "everything else of 2 candidates, in order" in said
    assert call(everywhere, "explain", "c1", "--json").json["about"]["uplift"] is None
    assert "against doing nothing" not in call(everywhere, "explain", "c1").out
