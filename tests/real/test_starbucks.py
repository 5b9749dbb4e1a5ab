"""Starbucks' offers, from the raw files to decisions, through the command line."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from calls import call, model_files
from loaded import HOUR_504, Loaded
from numpy.typing import NDArray
from same_answer import every, live_rows, night_rows, shared

from nbatool.base.seeds import generator
from nbatool.models.metrics import auc, log_losses

pytestmark = [pytest.mark.real_data, pytest.mark.slow]

START = date(2018, 7, 27)
WINDOW_H = 5 * 24
COUNTS = ("rows", "accepted", "duplicate", "rejected")
Floats = NDArray[np.float64]


def transcript(real_data: Path) -> list[dict[str, Any]]:
    with gzip.open(real_data / "starbucks" / "transcript.json.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def test_every_row_is_counted_once(starbucks: Loaded) -> None:
    events, people = starbucks.first["sources"]["transcript"], starbucks.first["sources"]["profile"]
    assert [events[key] for key in COUNTS] == [306_534, 306_534, 0, 0]
    assert [people[key] for key in COUNTS] == [17_000, 17_000, 0, 0]
    again = starbucks.again["sources"]["transcript"]
    assert [again[key] for key in COUNTS] == [306_534, 0, 306_534, 0]
    assert starbucks.again["accepted"] == 0


def wave(rows: list[dict[str, Any]], ids: list[str], hour: int) -> tuple[Floats, Floats]:
    """From the raw rows: who bought within the window after an hour, and the hours since the last purchase before it."""
    bought: set[str] = set()
    last: dict[str, int] = {}
    for row in rows:
        if row["event"] == "transaction" and row["time"] < hour:
            last[row["person"]] = max(last.get(row["person"], 0), row["time"])
        elif row["event"] == "transaction" and row["time"] < hour + WINDOW_H:
            bought.add(row["person"])
    return np.array([float(i in bought) for i in ids]), np.array([hour - last.get(i, -np.inf) for i in ids])


def predictions(workspace: Path, hour: int) -> dict[str, float]:
    """What `score` writes for an hour with the models of hour 504."""
    day = date.fromordinal(START.toordinal() + hour // 24).isoformat()
    call(workspace, "score", "-q", "--dry-run", "--as-of", day)
    with (workspace / "out" / f"scores-{day}.csv").open(encoding="utf-8") as file:
        return {row["customer_id"]: float(row["purchase_5d"]) for row in csv.DictReader(file)}


def rate_of_recency(past: Floats, y_past: Floats, now: Floats) -> Floats:
    """The marketer's rule: the rate of those who were as recent the time before (ten bins of equal size)."""
    edges = np.unique(np.quantile(past[np.isfinite(past)], np.linspace(0.1, 0.9, 9)))
    bins = np.searchsorted(edges, past)
    bins_now = np.searchsorted(edges, now)
    rates = np.array([y_past[bins == k].mean() for k in range(len(edges) + 1)])
    return rates[bins_now]


def interval(statistic: Callable[[NDArray[np.int64]], float], n: int) -> tuple[float, float]:
    """The middle 95 % of a statistic over 200 resamples of customers."""
    rng = generator(0, "resamples of customers")
    drawn = [statistic(rng.integers(0, n, n)) for _ in range(200)]
    return float(np.quantile(drawn, 0.025)), float(np.quantile(drawn, 0.975))


def test_propensity_beats_its_baselines_on_the_later_waves(starbucks_past: Path, real_data: Path) -> None:
    rows = transcript(real_data)
    ids = sorted({row["person"] for row in rows})
    assert len(ids) == 17_000
    y_past, recency_past = wave(rows, ids, 384)  # its window ends at 504 h, where training ends
    for hour in (504, 576):
        predicted = predictions(starbucks_past, hour)
        y, recency = wave(rows, ids, hour)
        p = np.array([predicted[i] for i in ids])
        base = np.full(len(y), y_past.mean())
        rule = rate_of_recency(recency_past, y_past, recency)
        better = interval(lambda k, y=y, p=p, rule=rule: auc(y[k], p[k]) - auc(y[k], rule[k]), len(y))
        gains = {
            name: log_losses(y, other) - log_losses(y, p) for name, other in (("base", base), ("rule", rule))
        }
        print(
            f"{hour} h: {y.mean():.3f} buy; AUC {auc(y, p):.4f}, recency rule {auc(y, rule):.4f}, difference "
            f"{better[0]:.4f} to {better[1]:.4f}; log loss {log_losses(y, p).mean():.4f}, base rate "
            f"{log_losses(y, base).mean():.4f}, recency rule {log_losses(y, rule).mean():.4f}"
        )
        assert better[0] > 0
        for name, gain in gains.items():
            low = gain.mean() - 1.96 * gain.std() / np.sqrt(len(gain))
            assert low > 0, (hour, name, low)


def test_score_and_decide_give_the_same_answer(starbucks_past: Path) -> None:
    night = night_rows(starbucks_past, "--as-of", HOUR_504)
    ids = every(night, 500)
    live = live_rows(starbucks_past, [{"customer_id": i} for i in ids], HOUR_504)
    assert len(ids) >= 400
    assert shared(live, ids) == shared(night, ids)
    assert len({rows[0]["action_id"] for rows in live.values()}) > 1
    assert call(starbucks_past, "parity", "--customers", "500", "--json").json["differences"] == []


def altered(rows: list[dict[str, Any]], hour: int) -> list[dict[str, Any]]:
    """The rows before an hour as they are; a third of the later ones gone, a third changed, new ones added."""
    rng = generator(0, "altered future")
    people = sorted({row["person"] for row in rows})
    kept: list[dict[str, Any]] = []
    for row in rows:
        fate = rng.integers(3) if row["time"] >= hour else 2
        if fate == 2:
            kept.append(row)
        elif fate == 1:
            someone = people[rng.integers(len(people))]
            kept.append({**row, "person": someone, "event": "transaction", "value": {"amount": 999.0}})
    for k in range(3000):
        stranger, kind = f"stranger {k % 700}", ("gift", "offer received", "transaction")[k % 3]
        value = {"amount": 5000.25, "offer id": "an offer nobody knew"}
        kept.append({"person": stranger, "event": kind, "time": hour + k % 200, "value": value})
    return kept


def test_what_came_later_changes_nothing(
    starbucks_past: Path, real_data: Path, load_example: Callable[..., Loaded], tmp_path: Path
) -> None:
    """Law 1: the same models to the byte, the same decisions, whatever happened from hour 504 on."""
    data = tmp_path / "starbucks"
    data.mkdir()
    (data / "portfolio.json").write_bytes((real_data / "starbucks" / "portfolio.json").read_bytes())
    people = (real_data / "starbucks" / "profile.json").read_text(encoding="utf-8").strip()
    late = {"gender": "X", "age": 1, "id": "late", "became_member_on": "20180817", "income": 1}
    (data / "profile.json").write_text(f"{people}\n{json.dumps(late)}\n", encoding="utf-8")
    with gzip.open(data / "transcript.json.gz", "wt", encoding="utf-8", compresslevel=1) as file:
        file.writelines(json.dumps(row) + "\n" for row in altered(transcript(real_data), 504))
    other = load_example("starbucks", tmp_path).root
    call(other, "train", "-q", "--as-of", HOUR_504, NBATOOL_REAL_DATA=str(tmp_path))
    assert model_files(other) == model_files(starbucks_past)
    for workspace in (other, starbucks_past):
        call(workspace, "score", "-q", "--as-of", HOUR_504, "--top", "3", NBATOOL_REAL_DATA=str(tmp_path))
    for name in (f"actions-{HOUR_504}.csv", f"scores-{HOUR_504}.csv"):
        assert (other / "out" / name).read_bytes() == (starbucks_past / "out" / name).read_bytes(), name
