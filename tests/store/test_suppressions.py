"""Suppressions: each once, until its end, for one or for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nbatool.store.online import OnlineStore
from nbatool.store.suppressions import Suppression, Suppressions


@pytest.fixture
def suppressions(tmp_path: Path) -> Iterator[Suppressions]:
    opened = OnlineStore(tmp_path / "online.db")
    yield opened.suppressions
    opened.close()


def test_what_was_added_is_read_as_it_was(suppressions: Suppressions) -> None:
    full = suppressions.add(
        reason="complaint", who="ann", made_us=1, customer_id="c1", action="mail", tag="promo", channel="email",
        until_us=50,
    )  # fmt: skip
    bare = suppressions.add(reason="stop", who="bob", made_us=2)
    assert full == Suppression(1, "c1", "mail", "promo", "email", 50, "complaint", "ann", 1)
    assert bare == Suppression(2, None, None, None, None, None, "stop", "bob", 2)
    assert suppressions.all(10) == [full, bare]


def test_the_same_again_is_the_first_one(suppressions: Suppressions) -> None:
    first = suppressions.add(reason="complaint", who="ann", made_us=1, customer_id="c1")
    assert suppressions.add(reason="complaint", who="bob", made_us=9, customer_id="c1") == first
    assert suppressions.add(reason="complaint", who="bob", made_us=9, customer_id="c1", until_us=5) != first
    assert len(suppressions.all(0)) == 2


def test_it_holds_until_its_end(suppressions: Suppressions) -> None:
    ends = suppressions.add(reason="r", who="w", made_us=1, tag="promo", until_us=50)
    stays = suppressions.add(reason="r", who="w", made_us=1, tag="spring")
    assert suppressions.all(49) == [ends, stays]
    assert suppressions.all(50) == suppressions.of_customers(["c1"], 50) == [stays]
    assert [suppressions.sweep(49), suppressions.sweep(50), suppressions.sweep(2**62)] == [0, 1, 0]


def test_a_customer_has_their_own_and_everybodys(suppressions: Suppressions) -> None:
    one, all_, _other = [
        suppressions.add(reason="r", who="w", made_us=1, customer_id=customer)
        for customer in ("c1", None, "c2")
    ]
    assert suppressions.of_customers(["c1"], 0) == [one, all_]
    assert suppressions.of_customers(["c3"], 0) == [all_]


def test_a_removed_one_is_gone_and_its_number_never_comes_back(suppressions: Suppressions) -> None:
    first = suppressions.add(reason="r", who="w", made_us=1)
    assert suppressions.remove(first.id)
    assert not suppressions.remove(first.id)
    assert suppressions.all(0) == []
    assert suppressions.add(reason="r", who="w", made_us=1).id > first.id
