from __future__ import annotations

import json
import math

import numpy as np
import pytest

from nbatool.models.context_encoder import FEW_ROWS, ContextEncoder, as_text


def columns(n: int, seed: int = 0) -> tuple[dict[str, np.ndarray], dict[str, list[str | None]]]:
    rng = np.random.default_rng(seed)
    money = np.exp(rng.normal(size=n) * 2)
    money[rng.random(n) < 0.2] = np.nan
    plans = [None if r < 0.1 else "free" if r < 0.6 else f"p{int(r * 50)}" for r in rng.random(n)]
    return {"age": rng.normal(40, 12, n), "money": money, "flat": np.full(n, 7.0)}, {"plan": plans}


def fitted() -> ContextEncoder:
    return ContextEncoder.fit(*columns(500), most_categories=4)


def test_the_coordinates_have_names() -> None:
    names = fitted().names
    assert names[:5] == ("bias", "age", "money", "money is missing", "flat")
    assert names[5] == "plan = free"
    assert names[-1] == "plan is missing"
    assert len(names) == 5 + 4 + 1 == fitted().d


def test_numbers_are_standard_and_bounded_and_heavy_ones_bent() -> None:
    encoder = fitted()
    phi = encoder.encode(*columns(500))
    assert (phi[:, 0] == 1).all()
    assert phi[:, 1].mean() == pytest.approx(0, abs=1e-12)
    assert phi[:, 1].std() == pytest.approx(1, rel=0.02)
    assert encoder.numbers[1].heavy
    assert not encoder.numbers[0].heavy
    known = np.isfinite(columns(500)[0]["money"])
    assert (phi[:, 3] == ~known).all()
    assert 0.8 < phi[known, 2].std() < 1.2
    assert (phi[~known, 2] == 0).all()
    assert np.abs(phi).max() <= 4
    assert (phi[:, 4] == 0).all()


def test_what_was_never_seen_does_no_harm() -> None:
    encoder = fitted()
    odd = encoder.encode_one({"age": 1e308, "money": math.inf, "plan": "never seen", "other": 1.0})
    assert np.isfinite(odd).all()
    assert odd[1] == 4
    assert odd[3] == 1
    assert (odd[5:] == 0).all()
    assert encoder.encode_one({})[-1] == 1
    assert encoder.encode_one({"age": "forty", "plan": 3.5}).tolist() == encoder.encode_one({}).tolist()


def test_one_absurd_value_is_no_scale() -> None:
    numbers, texts = columns(500)
    numbers["age"][3] = 1e30
    encoder = ContextEncoder.fit(numbers, texts)
    assert encoder.encode(numbers, texts)[:, 1].std() > 0.5


def test_a_row_has_the_bits_of_many() -> None:
    encoder = fitted()
    numbers, texts = columns(400, 1)
    phi = encoder.encode(numbers, texts)
    for i in range(400):
        values = {name: float(v[i]) for name, v in numbers.items()} | {"plan": texts["plan"][i]}
        assert (encoder.encode_one(values) == phi[i]).all()


def test_the_order_of_rows_is_no_matter() -> None:
    numbers, texts = columns(500)
    order = np.random.default_rng(3).permutation(500)
    turned = ContextEncoder.fit(
        {name: values[order] for name, values in numbers.items()},
        {"plan": [texts["plan"][i] for i in order]},
        most_categories=4,
    )
    assert turned == fitted()


def test_json_brings_it_back() -> None:
    back = ContextEncoder.from_json(json.loads(json.dumps(fitted().to_json())))
    assert back == fitted()
    assert (back.encode(*columns(50, 2)) == fitted().encode(*columns(50, 2))).all()


def test_without_history_numbers_pass_as_they_are() -> None:
    encoder = ContextEncoder.unfitted(["x", "y"], ["plan"])
    assert encoder.encode_one({"x": 0.5, "y": -9.0, "plan": "a"}).tolist() == [1.0, 0.5, -4.0]


@pytest.mark.parametrize("n", [0, 1, 2])
def test_almost_no_rows(n: int) -> None:
    encoder = ContextEncoder.fit({"x": np.arange(n, dtype=float)}, {"t": ["a"] * n}, least_rows=1)
    assert np.isfinite(encoder.encode({"x": np.arange(n, dtype=float)}, {"t": ["a"] * n})).all()


def test_nothing_to_see_is_the_constant() -> None:
    assert ContextEncoder.fit({}, {}).encode_one({"x": 1.0}).tolist() == [1.0]


def test_texts_of_other_kinds() -> None:
    assert [as_text(v) for v in ("a", True, 3, 3.5, None, math.nan)] == ["a", "true", "3", None, None, None]


def test_days_since_something_are_seen_by_their_logarithm_and_by_how_fresh_they_are() -> None:
    days = np.concatenate([np.random.default_rng(1).exponential(20.0, 400), [np.nan, 0.0, 1e9]])
    encoder = ContextEncoder.fit({"since": days, "age": days}, {}, durations={"since"})
    assert encoder.names == ("bias", "since", "since, fresh", "since is missing", "age")
    phi = encoder.encode({"since": days, "age": days}, {})
    assert phi[:400, 2] == pytest.approx(2.0 ** -days[:400])
    assert phi[400:, 2].tolist() == [0.0, 1.0, 0.0]
    assert np.isfinite(phi).all()
    assert phi[:400, 1].std() == pytest.approx(1.0, abs=0.1)
    # An hour and a day are as different as a day and a month; on the scale of days they are one.
    hour, day, month = (encoder.encode_one({"since": d})[1] for d in (1 / 24, 1.0, 30.0))
    assert day - hour > 0.1 * (month - day)
    again = ContextEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    for i in (0, 7, 400, 401):
        assert (again.encode_one({"since": float(days[i]), "age": float(days[i])}) == phi[i]).all()


def test_columns_missing_in_the_same_rows_share_a_flag() -> None:
    gap, other = np.array([1.0, np.nan, 3.0]), np.array([np.nan, 2.0, 3.0])
    encoder = ContextEncoder.fit({"a": gap, "b": gap * 2, "c": other}, {})
    assert encoder.names == ("bias", "a", "a is missing", "b", "c", "c is missing")


def test_what_an_older_version_stored_is_read() -> None:
    stored = {"numbers": [["age", 40.0, 10.0, False, 1.0, False]], "texts": []}
    assert ContextEncoder.from_json(stored).encode_one({"age": 50.0}).tolist() == [1.0, 1.0]


def test_few_rows_are_encoded_to_the_bits_of_many() -> None:
    numbers, texts = columns(300, seed=3)
    numbers["age"][:6] = [math.nan, math.inf, -math.inf, 1e308, -1e308, -0.0]
    days = np.abs(numbers["age"])
    encoder = ContextEncoder.fit(
        {**columns(500)[0], "since": np.abs(columns(500)[0]["age"])}, columns(500)[1], durations=("since",)
    )
    many = encoder.encode({**numbers, "since": days}, texts)
    for start in range(0, 300, FEW_ROWS):
        rows = slice(start, start + FEW_ROWS)
        some = {name: values[rows] for name, values in {**numbers, "since": days}.items()}
        few = encoder.encode(some, {"plan": texts["plan"][rows]})
        assert np.array_equal(few.view(np.int64), many[rows].view(np.int64))
