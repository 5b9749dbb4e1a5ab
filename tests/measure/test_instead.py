"""What could be typed where no decision can be judged: the command keeps what was asked, times are to the second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_shop import Shop

from nbatool.base.clock import parse_time
from nbatool.base.errors import DataError
from nbatool.measure import evaluating
from nbatool.measure.evaluating import Asked

TRAINED = parse_time("2018-07-21T10:00:00") + 2
FIRST = parse_time("2018-07-01T09:00:00") + 7


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(evaluating, "decision_times", lambda *_: [(FIRST, 41), (TRAINED - 5, 1)])
    shop = Shop(tmp_path).configure("")
    return evaluating._Look(None, shop, (), TRAINED, 0, print)  # type: ignore[arg-type]


def test_the_suggestion_keeps_the_challenger(look: Any) -> None:
    with pytest.raises(DataError) as caught:
        look.some(None, TRAINED, Asked(version="v 1", challenger="v2"))
    said = str(caught.value)
    assert said.startswith(
        "no closed decision is logged from 2018-07-21T10:00:01Z on, after the training. 42 older ones, from "
        "2018-07-01T09:00:00Z on, "
    )
    assert said.endswith(" evaluate --version 'v 1' --challenger v2 --from 2018-07-01T09:00:00Z")


def test_a_time_that_was_asked_for_is_not_one_of_training(look: Any) -> None:
    with pytest.raises(DataError, match=r"from 2018-07-21T10:00:01Z on\. 42 older") as caught:
        look.some(None, TRAINED, Asked(from_us=TRAINED))
    assert str(caught.value).endswith(" evaluate --from 2018-07-01T09:00:00Z")
