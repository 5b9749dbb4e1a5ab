from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np
import pytest
from model_worlds import purchases, sorted_rows

from nbatool.base.errors import DataError
from nbatool.models.booster import Booster
from nbatool.models.fit import fit_booster
from nbatool.models.learners import Asked, TLearner, own_part, with_baseline_column

TABLE = sorted_rows(purchases()[0])
TEXT = fit_booster(TABLE, "binary", params={"num_iterations": 40}, threads=1).text


def test_one_row_many_rows_and_threads_give_the_same_bits() -> None:
    booster = Booster.from_text(TEXT)
    everything = booster.predict_raw(TABLE.x)
    assert (booster.predict_raw(TABLE.x, threads=2) == everything).all()
    singles = np.array([booster.predict_raw(TABLE.x[i : i + 1])[0] for i in range(500)])
    assert (singles == everything[:500]).all()
    for n in (2, 8, 9, 33):
        assert (booster.predict_raw(TABLE.x[:n]) == everything[:n]).all()


def test_it_agrees_with_the_python_package() -> None:
    import lightgbm

    expected = lightgbm.Booster(model_str=TEXT).predict(TABLE.x, raw_score=True)
    assert (Booster.from_text(TEXT).predict_raw(TABLE.x) == expected).all()


def test_contributions_of_the_features_sum_to_the_raw_score() -> None:
    import lightgbm

    booster, rows = Booster.from_text(TEXT), TABLE.x[:50]
    found = booster.contributions(rows)
    assert found.shape == (50, booster.n_features + 1)
    assert np.allclose(found.sum(axis=1), booster.predict_raw(rows), rtol=0, atol=1e-9)
    assert (found == lightgbm.Booster(model_str=TEXT).predict(rows, pred_contrib=True)).all()
    assert booster.contributions(rows[:0]).shape == (0, booster.n_features + 1)
    with pytest.raises(DataError, match="expects 3 features"):
        booster.contributions(np.zeros((1, 2)))


def test_array_layout_and_emptiness_do_not_matter() -> None:
    booster = Booster.from_text(TEXT)
    expected = booster.predict_raw(TABLE.x[:20])
    assert (booster.predict_raw(np.asfortranarray(TABLE.x[:20])) == expected).all()
    assert (booster.predict_raw(TABLE.x[:40:2]) == booster.predict_raw(TABLE.x[:40])[::2]).all()
    assert booster.predict_raw(np.empty((0, 3))).shape == (0,)


def test_threads_may_share_a_booster() -> None:
    booster, found = Booster.from_text(TEXT), {}
    expected = booster.predict_raw(TABLE.x[:200])

    def work(number: int) -> None:
        found[number] = all(booster.predict_raw(TABLE.x[i : i + 1])[0] == expected[i] for i in range(200))

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert found == dict.fromkeys(range(4), True)


@pytest.mark.parametrize("text", ["", "tree\n", TEXT[: len(TEXT) // 2], "x" + TEXT, TEXT + "\0"])
def test_no_model_text_is_a_data_error(text: str) -> None:
    with pytest.raises(DataError, match="model text"):
        Booster.from_text(text)


def test_a_wrong_number_of_features_is_a_data_error() -> None:
    with pytest.raises(DataError, match="expects 3 features"):
        Booster.from_text(TEXT).predict_raw(np.zeros((2, 4)))


def test_a_closed_booster_does_not_predict() -> None:
    booster = Booster.from_text(TEXT)
    booster.predict_raw(TABLE.x[:1])
    booster.close()
    booster.close()
    with pytest.raises(ValueError, match="closed"):
        booster.predict_raw(TABLE.x[:1])


def test_the_live_path_imports_nothing_heavy() -> None:
    code = (
        "import sys, nbatool.models.booster, nbatool.models.outcome, nbatool.models.propensity,"
        " nbatool.models.registry\n"
        "from nbatool.models.booster import Booster\n"
        "Booster.from_text(sys.stdin.read())\n"
        "heavy = {'lightgbm', 'scipy', 'sklearn', 'pandas', 'duckdb', 'polars', 'pyarrow'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=TEXT, text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_booster_alive_at_exit_is_quiet() -> None:
    """Kept by something that outlives the modules it needs, as what a library holds on to may be."""
    code = (
        "import os, sys\n"
        "import nbatool.models.booster as room\n"
        "os.kept = room.Booster.from_text(sys.stdin.read())\n"
        "sys.first, sys.second = os, room\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=TEXT, text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_booster_per_action_scores_customers_together_as_one_by_one() -> None:
    """Actions on several channels, unknown ones, and parts that read other columns than that of `nothing`."""
    texts = {
        part: fit_booster(TABLE, "binary", params={"num_iterations": n}, threads=1).text
        for part, n in (("nothing", 5), ("effect-0", 10), ("effect-1", 20))
    }
    learner = TLearner(texts, {"nothing": (0, 1), "effect-0": (0, 1), "effect-1": (1, 0)})
    k, n = 5, 40
    x = np.random.default_rng(0).normal(size=(n * k, 3))
    x[:, 2] = np.tile([0.0, 1.0, 0.0, np.nan, np.nan], n)
    x[k : 2 * k, 2] = [1.0, 1.0, 7.0, 0.0, np.nan]
    baseline = x[::k, 0].copy()
    nothing, effect = learner.scores(Asked(x, baseline, k, 2))
    last = x[k - 1 :: k]
    for row in range(n):
        one = slice(row, row + 1)
        alone = learner.scores(Asked(x[row * k : (row + 1) * k], baseline[one], k, 2))
        assert (alone[0].tobytes(), alone[1].tobytes()) == (nothing[one].tobytes(), effect[one].tobytes())
        for j, code in enumerate(x[row * k : (row + 1) * k - 1, 2]):
            own = 0.0
            if code in (0.0, 1.0):
                read = with_baseline_column(last[one], learner.columns[own_part(int(code))], baseline[one])
                own = learner.boosters[own_part(int(code))].predict_raw(read)[0] - nothing[row]
            assert effect[row, j] == own
