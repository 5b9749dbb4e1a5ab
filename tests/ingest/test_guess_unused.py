"""Columns that no line reads are named, and a status such as Cancelled is asked about."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbatool.base.config import load_config
from nbatool.ingest.guess import Guess, guess_workspace, render_report, render_toml


def orders(folder: Path, status: str, name: str = "Status") -> Guess:
    rows = "".join(
        f"O{n // 2},c{n % 40 // 2},2023-{1 + n % 12:02d}-01,${n % 9}.90,P{n},{status if n % 10 == 0 else 'Shipped'}\n"
        for n in range(400)
    )
    path = folder / "orders.csv"
    path.write_text(f"Order ID,Customer ID,Order Date,Line Total,Product,{name}\n" + rows)
    return guess_workspace([path], folder)


@pytest.mark.parametrize("status", ["Cancelled", "Partially refunded", "payment failed"])
def test_a_cancelled_order_is_asked_about(tmp_path: Path, status: str) -> None:
    guess = orders(tmp_path, status)
    assert guess.sources[0].unused == ("Product", "Status")
    question, horizon = guess.questions
    assert horizon.text.startswith("lifetime value is looked at over 152 days, half of what the data span.")
    assert question.text.startswith(f"Status says {status} in 40 rows: they count as purchases;")
    assert "  not used      Product, Status\n" in render_report(guess)
    text = render_toml(guess)
    assert "# not used: Product, Status\n" in text
    assert [line for line in text.splitlines() if line.endswith("# ?")][1:] == ['horizon = "152d"   # ?']
    (tmp_path / "nba.toml").write_text(text)
    load_config(tmp_path / "nba.toml")


@pytest.mark.parametrize(("status", "name"), [("CA", "State"), ("Pending", "Status"), ("Cancelled", "Note")])
def test_nothing_undone_no_question(tmp_path: Path, status: str, name: str) -> None:
    (horizon,) = orders(tmp_path, status, name).questions
    assert horizon.text.startswith("lifetime value is looked at")
