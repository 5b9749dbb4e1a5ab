from __future__ import annotations

import numpy as np
import pytest
from model_worlds import purchases, sorted_rows

from nbatool.models.booster import Booster
from nbatool.models.fit import fit_booster
from nbatool.models.table import Table

TABLE = sorted_rows(purchases()[0])


def test_threads_and_repetition_change_no_byte() -> None:
    texts = {
        fit_booster(TABLE, "binary", params={"num_iterations": 30}, threads=k).text for k in (1, 2, 3, 2)
    }
    assert len(texts) == 1


def test_row_order_changes_no_byte_once_sorted() -> None:
    shuffled = sorted_rows(TABLE.take(np.random.default_rng(1).permutation(len(TABLE))))
    params = {"num_iterations": 10}
    assert (
        fit_booster(shuffled, "binary", params=params).text
        == fit_booster(TABLE, "binary", params=params).text
    )


def test_the_seed_is_used() -> None:
    texts = {fit_booster(TABLE, "binary", params={"num_iterations": 5}, seed=seed).text for seed in (0, 1)}
    assert len(texts) == 2


def test_early_stopping_keeps_few_trees_of_noise_and_the_text_holds_just_those() -> None:
    random = np.random.default_rng(0)
    y = random.integers(0, 2, len(TABLE)).astype(float)
    noise = Table(TABLE.x, TABLE.names, TABLE.categorical, y, None, TABLE.customer, TABLE.as_of_us)
    half = TABLE.customer % 2 == 0
    fitted = fit_booster(noise.take(half), "binary", valid=noise.take(~half))
    assert fitted.best_iteration < 25
    assert fitted.text.count("\nTree=") == fitted.best_iteration


def test_gain_names_the_feature_that_matters() -> None:
    fitted = fit_booster(TABLE, "binary", params={"num_iterations": 20})
    assert fitted.gain[0][0] == "a"
    assert fitted.gain[0][1] > 0.8
    assert sum(share for _, share in fitted.gain) == pytest.approx(1)


def test_names_that_lightgbm_refuses_are_fine_and_nothing_is_printed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    odd = Table(TABLE.x, ('sum_of["x"]', "b c,d", "ü"), ("ü",), TABLE.y, None, TABLE.customer, TABLE.as_of_us)
    fitted = fit_booster(odd, "binary", params={"num_iterations": 3})
    Booster.from_text(fitted.text).predict_raw(TABLE.x)
    assert capfd.readouterr() == ("", "")


def test_a_handful_of_rows_trains_without_noise(capfd: pytest.CaptureFixture[str]) -> None:
    few = TABLE.take(np.arange(6))
    text = fit_booster(few, "regression", params={"num_iterations": 3}).text
    assert np.isfinite(Booster.from_text(text).predict_raw(few.x)).all()
    assert capfd.readouterr() == ("", "")
