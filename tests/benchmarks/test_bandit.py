"""The bandit benchmark plays a set without any peer, and its marks say what they should."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.bandit.data_sets import DataSet, standard
from benchmarks.bandit.ours import play
from benchmarks.bandit.shown import Played, summary, table


def made_up(n: int = 200) -> DataSet:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 2))
    words = tuple("ab"[i] for i in rng.integers(0, 2, n))
    label = np.where(words_are_a := np.array(words) == "a", (x[:, 0] > 0) * 1, 2)
    assert words_are_a.any()
    return DataSet("made_up", standard(x), (words,), label.astype(np.int64))


def test_a_set_is_read_as_it_was_written(tmp_path: Path) -> None:
    data = made_up()
    back = DataSet.read(data.write(tmp_path))
    assert back.name == "made_up"
    assert back.texts == data.texts
    assert (back.numbers == data.numbers).all()
    assert (back.label == data.label).all()


@pytest.mark.slow
def test_a_set_is_learned_and_a_shuffle_plays_the_same_again(tmp_path: Path) -> None:
    file = str(made_up().write(tmp_path))
    found = play(file, 3, 2)
    assert min(found["scores"]) > 0.6
    assert play(file, 4, 1)["scores"] == found["scores"][1:]


def test_the_marks() -> None:
    good = Played(
        "x", [0.90, 0.92], [3.0, 3.0], {"a": [0.80, 0.83], "b": [0.7, 0.7]}, {"a": [1, 1], "b": [1, 1]}
    )
    bad = Played(
        "y", [0.50, 0.52], [30.0, 90.0], {"a": [0.60, 0.62], "b": [0.1, 0.1]}, {"a": [1, 1], "b": [1, 1]}
    )
    assert summary([good]).count("yes") == 3
    told = summary([good, bad])
    assert "below the peer's best on it: y (mark: none: NO)" in told
    assert told.count("NO") == 3
    assert "best" in table([good]).splitlines()[1]
    assert "no peer" in summary([Played("x", [0.9], [1.0], {}, {})])
