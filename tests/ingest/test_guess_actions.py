"""What an action is, on which channels it goes out and what it is worth, guessed from its file and the log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from test_guess_workspace import working

from nbatool.base.config import load_config
from nbatool.base.records import Action
from nbatool.ingest.catalogue import load_catalogue
from nbatool.ingest.guess import Guess

HEADER = "customer_id,ts,event,amount,offer_id,channel\n"


def log(*, contacts: bool = True, channels: tuple[str, ...] = ("email", "push"), days: int = 60) -> str:
    """Purchases, and contacts in turn on the channels ("" where the log does not say)."""
    rows = [
        f"k{n % 9},2024-{1 + n // 28:02d}-{1 + n % 28:02d},purchase,{10 + n % 5}.00,," for n in range(days)
    ]
    if contacts:
        rows += [
            f"k{n % 9},2024-{1 + n // 28:02d}-{1 + n % 28:02d}T08:00:00,email sent,,{'ab'[n % 2]},{channels[n % len(channels)]}"
            for n in range(days)
        ]
    return HEADER + "\n".join(rows) + "\n"


def offers(**more: Any) -> str:
    """Two offers with the same keys."""
    return json.dumps(
        [{"offer_id": one, **{key: value[k] for key, value in more.items()}} for k, one in enumerate("ab")]
    )


TWO = {"channels": (["email", "push"], ["push"]), "cost": (0.1, 0.2)}


def actions(folder: Path) -> dict[str, Action]:
    return {action.id: action for action in load_catalogue(load_config(folder / "nba.toml"))}


def mode(guess: Guess) -> str:
    assert guess.catalogue is not None
    return guess.catalogue.channel_mode


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        (("email", "push"), "one"),
        (("",), "all"),
        (("marketing",), "all"),
        (("email", "", ""), "all"),
    ],
)
def test_contacts_that_name_their_channel_went_out_on_one(
    tmp_path: Path, channels: tuple[str, ...], expected: str
) -> None:
    assert mode(working(tmp_path, log__csv=log(channels=channels), offers__json=offers(**TWO))) == expected


def test_one_contact_logged_once_per_channel_went_out_on_all(tmp_path: Path) -> None:
    rows = log(channels=("email",))
    again = "".join(
        line.replace(",email\n", ",push\n") for line in rows.splitlines(keepends=True) if "sent" in line
    )
    assert mode(working(tmp_path, log__csv=rows + again, offers__json=offers(**TWO))) == "all"


def test_channels_of_the_log_for_a_list_of_actions_that_names_none(tmp_path: Path) -> None:
    guess = working(tmp_path, log__csv=log(channels=("sms", "sms", "push")), offers__json=offers(cost=(1, 2)))
    assert mode(guess) == "one"
    assert actions(tmp_path)["a"].channels == ("sms", "push")


def test_what_the_file_says_of_an_action(tmp_path: Path) -> None:
    text = offers(
        **TWO, title=("Ten off", "Free box"), tags=(["promo", "big"], []), start_date=("2024-01-01", None),
        end_date=("2024-12-31", "2025-01-31"), reward=(5, 7.5), member_only=(True, False), stock=(50, None),
        cost_per_conversion=(1.5, 0), tier=("gold", "gold"), description=("x" * 90, "y" * 90),
    )  # fmt: skip
    working(tmp_path, log__csv=log(), offers__json=text)
    first, second = actions(tmp_path).values()
    assert (first.name, first.tags, first.cost, first.stock) == ("Ten off", ("promo", "big"), 0.1, 50)
    assert (first.cost_per_conversion, second.cost_per_conversion) == (1.5, 0)
    assert (second.tags, second.stock, second.starts_us) == ((), None, None)
    assert first.starts_us == 1_704_067_200_000_000
    assert first.ends_us == 1_735_689_600_000_000
    assert first.attributes == {"reward": 5.0, "member_only": True, "tier": "gold"}


@pytest.mark.parametrize(
    "cell",
    ["email|push", '"email, push"', '"[""email"", ""push""]"', "\"['email', 'push']\"", "email / push"],
)
def test_lists_in_a_cell(tmp_path: Path, cell: str) -> None:
    text = f"offer_id,channels,categories,cost\na,{cell},{cell},1\nb,{cell},{cell},2\n"
    working(tmp_path, log__csv=log(), offers__csv=text)
    assert actions(tmp_path)["a"].channels == ("email", "push")
    assert actions(tmp_path)["b"].tags == ("email", "push")


def test_an_action_without_a_channel_takes_the_usual_one(tmp_path: Path) -> None:
    guess = working(
        tmp_path, log__csv=log(contacts=False), offers__json=offers(channels=(["sms"], None), cost=(1, 1))
    )
    assert actions(tmp_path)["b"].channels == ("sms",)
    assert any("name no channel" in question.text for question in guess.questions)


def test_without_contacts_an_action_is_worth_a_response(tmp_path: Path) -> None:
    guess = working(tmp_path, log__csv=log(contacts=False), offers__json=offers(**TWO))
    assert guess.response is not None
    for action in actions(tmp_path).values():
        assert (action.target, action.value_per_response) == (guess.targets[0].name, 12.0)
    assert any("what a response is worth" in question.text for question in guess.questions)


def test_contacts_too_new_to_learn_from_are_none(tmp_path: Path) -> None:
    late = [f"k{n},2024-03-04T09:00:00,email sent,,a,email" for n in range(9)]
    guess = working(tmp_path, log__csv=log(contacts=False) + "\n".join(late), offers__json=offers(**TWO))
    assert guess.roles["contact"] == ("email sent",)
    assert actions(tmp_path)["a"].value_per_response == 12.0
    assert any("old enough" in question.text for question in guess.questions)


def test_contacts_to_learn_from_need_no_value(tmp_path: Path) -> None:
    working(tmp_path, log__csv=log(), offers__json=offers(**TWO))
    assert actions(tmp_path)["a"].target is None


def test_actions_that_nothing_values_stand_in_comments(tmp_path: Path) -> None:
    people = "customer_id,age\n" + "".join(f"c{n},{20 + n}\n" for n in range(30))
    guess = working(tmp_path, people__csv=people, offers__json=offers(**TWO))
    assert actions(tmp_path) == {}
    assert "# [catalogue]" in (tmp_path / "nba.toml").read_text()
    assert "stand in nba.toml as comments" in guess.remarks[0]
