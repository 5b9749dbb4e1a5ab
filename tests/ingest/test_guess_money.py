"""What the amounts are in, what a contact costs, and which moment is the present: said, and asked where assumed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nbatool.base.config import load_config
from nbatool.ingest.guess import Guess, guess_workspace, present, render_report, render_toml


def orders(amounts: Sequence[str], currency: str = "", start: int = 0) -> str:
    head = "customer_id,ts,event,amount" + (",currency" if currency else "")
    end = f",{currency}" if currency else ""
    rows = (
        f"c{n % 7},2023-0{1 + n % 9}-{1 + n % 28:02d} 10:{n % 60:02d}:00,purchase,{amount}{end}"
        for n, amount in enumerate(amounts, start)
    )
    return "\n".join([head, *rows]) + "\n"


def guessed(folder: Path, **files: str) -> Guess:
    paths = []
    for name, text in files.items():
        paths.append(folder / f"{name}.csv")
        paths[-1].write_text(text)
    guess = guess_workspace(paths, folder)
    text = render_toml(guess)
    (folder / "nba.toml").write_text(text)
    assert load_config(folder / "nba.toml").workspace.currency == guess.currency
    assert sum(line.endswith("# ?") for line in text.splitlines()) == len(guess.questions)
    return guess


def plain(n: int) -> list[str]:
    return [f"{5 + k % 9}.50" for k in range(n)]


def written(guess: Guess, key: str) -> str:
    (line,) = (
        line for line in render_toml(guess).splitlines() if line.removeprefix("# ").startswith(f"{key} ")
    )
    return line


ADDED = "; amounts are added as they are, not converted."


def test_three_letters_are_no_currency(tmp_path: Path) -> None:
    codes = ["EUR", "EUR", "EUR", "N/A", "FOO", "FOO"]
    rows = orders(plain(120), "{}").splitlines()
    text = "\n".join(row.format(codes[k % 6]) for k, row in enumerate(rows)).replace("{}", "EUR") + "\n"
    guess = guessed(tmp_path, sales=text)
    assert guess.currency == "EUR"
    assert not any("currencies" in question.text for question in guess.questions)


def test_files_of_two_currencies(tmp_path: Path) -> None:
    guess = guessed(tmp_path, eur=orders(plain(150), "EUR"), usd=orders(plain(90), "USD"))
    assert guess.currency == "EUR"
    assert guess.questions[0].text.startswith(f"two currencies: EUR 150 rows, USD 90 rows{ADDED}")
    assert written(guess, "currency") == (
        'currency = "EUR"                  # EUR 150 rows, USD 90 rows: added as they are # ?'
    )
    assert "  currency    ? EUR: EUR 150 rows, USD 90 rows: added as they are\n" in render_report(guess)


def test_a_column_of_codes_and_signs_in_the_cells_of_another_file(tmp_path: Path) -> None:
    signed = orders([f"£{amount}" for amount in plain(40)]).replace("amount", "paid")
    guess = guessed(tmp_path, eur=orders(plain(60), "EUR"), gbp=signed)
    assert guess.questions[0].text.startswith(f"two currencies: EUR 60 rows, GBP 40 rows{ADDED}")


def test_signs_within_a_column_are_asked_about_once(tmp_path: Path) -> None:
    guess = guessed(tmp_path, log=orders([f"${x}" for x in plain(30)] + [f"{x} €" for x in plain(12)]))
    about = [q.text for q in guess.questions if "currenc" in q.text]
    assert [text.partition(" Convert")[0] for text in about] == [
        f"two currencies: USD 30 rows, EUR 12 rows{ADDED}"
    ]


def test_rows_without_an_amount_do_not_count(tmp_path: Path) -> None:
    guess = guessed(tmp_path, eur=orders(plain(60), "EUR") + orders([""] * 9, "USD").partition("\n")[2])
    assert (guess.currency, guess.currency_doubt) == ("EUR", None)
    assert written(guess, "currency") == 'currency = "EUR"                  # named in 60 rows'


def test_a_column_of_codes_by_another_name(tmp_path: Path) -> None:
    text = orders(plain(20), "CHF") + orders(plain(10), "EUR").partition("\n")[2]
    guess = guessed(tmp_path, log=text.replace("currency", "unit"))
    assert guess.questions[0].text.startswith(f"two currencies: CHF 20 rows, EUR 10 rows{ADDED}")


@pytest.mark.parametrize("cells", ["TOP", "ALL"])
def test_words_that_are_also_codes_are_no_currency(tmp_path: Path, cells: str) -> None:
    guess = guessed(tmp_path, log=orders(plain(20), cells).replace("currency", "shelf"))
    assert (guess.currency, guess.currency_why) == ("USD", "assumed, no file names one")


def test_a_currency_in_the_name_of_the_column(tmp_path: Path) -> None:
    guess = guessed(tmp_path, log=orders(plain(20)).replace("amount", "amount_eur"))
    assert (guess.currency, guess.currency_doubt) == ("EUR", None)


def test_no_currency_is_assumed_to_be_dollars(tmp_path: Path) -> None:
    guess = guessed(tmp_path, log=orders(plain(20)))
    assert written(guess, "currency").endswith("# assumed, no file names one")
    assert "  currency      USD: assumed, no file names one\n" in render_report(guess)


def offers(*, cost: str = "") -> str:
    head, end = (",cost", f",{cost}") if cost else ("", "")
    return f"offer_id,name,channels{head}\na,A,email{end}\nb,B,email{end}\n"


def test_no_cost_is_said(tmp_path: Path) -> None:
    guess = guessed(tmp_path, log=orders(plain(60)), offers=offers())
    said = "assumed, none is known: with 0 almost everybody is worth contacting"
    assert f"  cost          0 a contact: {said}\n" in render_report(guess)
    assert said in written(guess, "cost")
    assert load_config(tmp_path / "nba.toml").catalogue.defaults.cost == 0.0


def test_a_known_cost_is_not(tmp_path: Path) -> None:
    guess = guessed(tmp_path, log=orders(plain(60), "USD"), offers=offers(cost="0.10"))
    assert "0 a contact" not in render_report(guess)


def test_a_cost_in_another_currency(tmp_path: Path) -> None:
    guess = guessed(tmp_path, log=orders(plain(60), "USD"), offers=offers(cost="€0.10"))
    assert guess.questions[0].text.startswith(f"two currencies: USD 60 rows, EUR 2 rows{ADDED}")


@pytest.mark.parametrize(
    ("days", "as_of", "asked"),
    [
        (0.5, "now", False),
        (12, "now", True),
        (29, "now", True),
        (31, "newest", False),
        (-60, "newest", False),
    ],
)
def test_the_clock_runs_where_the_newest_event_is_of_this_month(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: float, as_of: str, asked: bool
) -> None:
    now = datetime(2023, 9, 9, 10, 8, tzinfo=UTC) + timedelta(days=days)
    monkeypatch.setattr(present, "now_us", lambda: int(now.timestamp() * 1e6))
    guess = guessed(tmp_path, log=orders(plain(9), "EUR"))
    assert load_config(tmp_path / "nba.toml").workspace.as_of == as_of
    assert any("score refuses a feed older than fresh_within" in q.text for q in guess.questions) is asked
    assert ("\nas_of" in render_toml(guess)) is (as_of == "newest")
    mark = "?" if asked else " "
    assert f"  as_of       {mark} {as_of}: " in render_report(guess)
