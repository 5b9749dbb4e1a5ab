"""Event types get their roles by words and by what their rows do."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbatool.ingest.guess import Guess, guess_workspace


def guessed(folder: Path, rows: list[tuple[str, str, str, str]]) -> Guess:
    path = folder / "log.csv"
    path.write_text("user_id,event,ts,amount\n" + "".join(",".join(row) + "\n" for row in rows))
    return guess_workspace([path], folder)


def history(*types: str, paid: tuple[str, ...] = ()) -> list[tuple[str, str, str, str]]:
    return [
        (f"u{n % 7}", kind, f"2023-01-{1 + n:02d} 10:{place:02d}:00", f"{n}.50" if kind in paid else "")
        for n in range(20)
        for place, kind in enumerate(types)
    ]


@pytest.mark.parametrize(
    ("types", "paid", "roles"),
    [
        (("view", "cart", "purchase"), ("view", "cart", "purchase"), {"purchase": ("purchase",)}),
        (("order_placed", "order_cancelled"), ("order_placed",), {"purchase": ("order_placed",)}),
        (("checkout_started", "Order Completed"), ("Order Completed",), {"purchase": ("Order Completed",)}),
        (("email_sent", "email_delivered", "email_opened"), (),
         {"contact": ("email_sent",), "engage": ("email_opened",)}),
        (("push sent", "click", "buy", "opt_out"), ("buy",),
         {"purchase": ("buy",), "contact": ("push sent",), "engage": ("click",), "unsubscribe": ("opt_out",)}),
        (("offer received", "offer viewed", "offer completed", "transaction"), ("transaction",),
         {"purchase": ("transaction",), "contact": ("offer received",), "engage": ("offer viewed",),
          "convert": ("offer completed",)}),
        (("zeta", "omega"), ("omega",), {"purchase": ("omega",)}),
        (("page_view", "search"), (), {}),
    ],
)  # fmt: skip
def test_roles(
    tmp_path: Path, types: tuple[str, ...], paid: tuple[str, ...], roles: dict[str, tuple[str, ...]]
) -> None:
    assert guessed(tmp_path, history(*types, paid=paid)).roles == roles


def test_every_role_says_why(tmp_path: Path) -> None:
    found = guessed(tmp_path, history("push sent", "push opened", "buy", paid=("buy",)))
    assert {kind.type: kind.why for kind in found.types} == {
        "push sent": 'its name says "push sent"',
        "push opened": "follows a contact",
        "buy": "carries an amount",
    }


def test_many_at_the_same_times_are_contacts_even_without_a_telling_name(tmp_path: Path) -> None:
    waves = [
        (f"u{n}", "alpha", f"2023-01-{day:02d} 09:00:00", "c1", "") for day in (2, 9, 16) for n in range(100)
    ]
    bought = [
        (f"u{n}", "purchase", f"2023-01-{1 + n % 28:02d} 12:{n % 60:02d}:00", "", "9.99") for n in range(100)
    ]
    path = tmp_path / "log.csv"
    rows = [",".join(row) for row in waves + bought]
    path.write_text("user_id,event,ts,campaign_id,amount\n" + "\n".join(rows) + "\n")
    found = guess_workspace([path], tmp_path)
    assert found.roles == {"purchase": ("purchase",), "contact": ("alpha",)}
    assert found.objectives[0].within == "7d"
    assert [kind.why for kind in found.types if kind.role == "contact"] == [
        "sent to many at the same 3 times"
    ]
    assert any("taken for contacts" in question.text for question in found.questions)
