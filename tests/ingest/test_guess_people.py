"""Customers: since when they are known and in which zone they live; and events that take money back."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_guess_workspace import lines, working

from nbatool.features.moments import load_zone_offsets
from nbatool.ingest.guess import render_report
from nbatool.models.clv.history import load_purchase_days
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import open_workspace

EVENTS = "user_id,event,ts,amount\n" + "".join(
    f"u{n % 20},purchase,2023-0{1 + n // 25}-{1 + n % 25:02d},{n}.5\n" for n in range(100)
)


def people(column: str, *cells: str) -> str:
    return f"user_id,{column}\n" + "".join(f"u{n},{cells[n % len(cells)]}\n" for n in range(20))


@pytest.mark.parametrize("name", ["timezone", "tz", "timeZone", "home_tz", "time_zone_id"])
def test_a_time_zone(tmp_path: Path, name: str) -> None:
    guess = working(tmp_path, e__csv=EVENTS, p__csv=people(name, "Europe/Zurich", "UTC", ""))
    assert lines(guess, 1) == {"customer_id": "user_id", "timezone": f"nullif({name}, '')"}
    assert "timezone" in render_report(guess, 100)


def test_other_words_for_a_zone_are_an_attribute(tmp_path: Path) -> None:
    guess = working(tmp_path, e__csv=EVENTS, p__csv=people("timezone", "Europe/Zurich", "PST+1"))
    assert lines(guess, 1) == {"customer_id": "user_id", "attributes.timezone": "timezone"}


@pytest.mark.parametrize(
    "name", ["signed_up", "signup_date", "created_at", "joined", "registered_on", "became_member_on"]
)
def test_known_since(tmp_path: Path, name: str) -> None:
    guess = working(tmp_path, e__csv=EVENTS, p__csv=people(name, "2022-01-05", "2022-11-30T10:00:00", ""))
    read = f"nullif({name}, '')::timestamp"
    assert lines(guess, 1) == {"customer_id": "user_id", "ts": read, "attributes.member_since": read}


def test_a_birthday_is_no_beginning(tmp_path: Path) -> None:
    guess = working(tmp_path, e__csv=EVENTS, p__csv=people("birth_date", "1980-01-05", "1990-11-30"))
    assert "ts" not in lines(guess, 1)


def test_true_and_false(tmp_path: Path) -> None:
    guess = working(tmp_path, e__csv=EVENTS, p__csv=people("vip", "true", "false", ""))
    assert lines(guess, 1)["attributes.vip"] == "nullif(vip, '')::boolean"


def test_money_back_is_said_not_to_be_netted(tmp_path: Path) -> None:
    back = "".join(
        f"u{n},refund,2023-02-{1 + n:02d},-{n + 1}\nu{n},chargeback,2023-03-{1 + n:02d},-1\n"
        for n in range(9)
    )
    guess = working(tmp_path, e__csv=EVENTS + back)
    assert guess.roles == {"purchase": ("purchase",)}
    question, _ = guess.questions
    assert question.text.startswith('"chargeback" and "refund" take money back')
    assert "not netted in lifetime value unless listed in [roles] purchase" in " ".join(
        render_report(guess, 100).split()
    )


def test_refunds_of_the_day_are_netted_when_listed(tmp_path: Path) -> None:
    day = "u1,purchase,2023-05-10T09:00:00,20\nu1,refund,2023-05-10T12:00:00,-5\n"
    working(tmp_path, e__csv=EVENTS + day)
    workspace = open_workspace(tmp_path)
    spent = []
    with open_warehouse(workspace) as warehouse:
        load_zone_offsets(warehouse.con, "UTC", until_us=1_709_251_200_000_000)
        for types in (["purchase"], ["purchase", "refund"]):
            load_purchase_days(warehouse.con, types, as_of_us=1_709_251_200_000_000)
            days = warehouse.con.execute(
                "select spend from purchase_days where day = '2023-05-10'"
            ).fetchall()
            spent += [float(row[0]) for row in days]
    assert spent == [20.0, 15.0]
