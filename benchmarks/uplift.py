"""``python -m benchmarks.uplift``: who answers to Hillstrom's mails, beside scikit-uplift's SoloModel in the same run.

Outcome visit; the customers of one mail and of none, split in halves by arm × visit, once per seed; LightGBM on the eight
raw features. nbatool has one default setting and chooses its learner itself. scikit-uplift's metrics judge both sides. Then
the policy of three (no mail, men's, women's), learned on one half of everybody, valued by IPS on the other: the chance of
each was 1/3. The peer runs in the interpreter that NBATOOL_BENCH_PEERS names, else in this one.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PEERS = "NBATOOL_BENCH_PEERS"
SEEDS = 20
FEATURES = ("recency", "history_segment", "history", "mens", "womens", "zip_code", "newbie", "channel")
CATEGORICAL = ("history_segment", "zip_code", "channel")
MAILS = {"womens": "Womens E-Mail", "mens": "Mens E-Mail"}
NONE = "No E-Mail"
AIMS = {"womens": (0.0587, 0.0764)}
"""Qini and uplift at 30 % to aim past: the best of the peers on other splits (PEERS)."""

Floats = NDArray[np.float64]


class Hillstrom:
    """The campaign: features (n, 8) with codes for texts, segment, visit."""

    def __init__(self, path: Path) -> None:
        with gzip.open(path, "rt", newline="") as file:
            rows = list(csv.DictReader(file))
        self.segment = np.array([row["segment"] for row in rows])
        self.visit = np.array([int(row["visit"]) for row in rows])
        columns = []
        for name in FEATURES:
            texts = [row[name] for row in rows]
            if name in CATEGORICAL:
                code = {text: float(k) for k, text in enumerate(sorted(set(texts)))}
                columns.append([code[text] for text in texts])
            else:
                columns.append([float(text) for text in texts])
        self.x = np.array(columns).T.copy()

    def half(self, rows: NDArray[np.int64], seed: int) -> NDArray[np.bool_]:
        """Return which of the rows are learned from: half of each segment × visit."""
        random = np.random.default_rng(seed)
        fit = np.zeros(len(rows), dtype=bool)
        for segment in np.unique(self.segment[rows]):
            for visit in (0, 1):
                at = np.flatnonzero((self.segment[rows] == segment) & (self.visit[rows] == visit))
                fit[random.permutation(at)[: len(at) // 2]] = True
        return fit


def model_of(x: Floats, arm: NDArray[np.int64], y: NDArray[np.int64], k: int) -> Any:
    """Fit nbatool's outcome model; ``arm`` is −1 where no mail went out."""
    from nbatool.models.outcome_fit import fit_outcome
    from nbatool.models.table import Table

    n = len(x)
    table = Table(
        np.column_stack([x, np.where(arm < 0, np.nan, arm)]), (*FEATURES, "action"), (*CATEGORICAL, "action"),
        y.astype(np.float64), None, np.arange(n), np.zeros(n, dtype=np.int64),
    )  # fmt: skip
    return fit_outcome(
        table, is_nothing=arm < 0, action_code=np.maximum(arm, 0), window_s=86_400, nothing=np.array([np.nan]),
        probability=np.full(n, 1.0 / (k + 1)), threads=1,
    )  # fmt: skip


def uplift(model: Any, x: Floats, k: int) -> Floats:
    """Return each mail's uplift, (n, k)."""
    rows = np.empty((len(x), k + 1, x.shape[1] + 1))
    rows[:, :, :-1] = x[:, None, :]
    rows[:, :, -1] = np.append(np.arange(k, dtype=float), np.nan)
    found: Floats = model.expected(rows.reshape(-1, rows.shape[2]), k + 1)[1]
    return found


def compared(data: Hillstrom, folder: Path, seeds: int) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Return the scores of both sides by mail and seed, and the learners chosen."""
    splits: dict[str, Any] = {
        "x": data.x, "visit": data.visit, "names": np.array(FEATURES), "categorical": np.array(CATEGORICAL),
    }  # fmt: skip
    ours: dict[str, Any] = {}
    chosen: dict[str, list[str]] = {}
    for mail, segment in MAILS.items():
        rows = np.flatnonzero((data.segment == segment) | (data.segment == NONE)).astype(np.int64)
        treated = (data.segment[rows] == segment).astype(np.int64)
        chosen[mail] = []
        for seed in range(seeds):
            fit = data.half(rows, seed)
            model = model_of(data.x[rows][fit], treated[fit] - 1, data.visit[rows][fit], 1)
            key = f"{mail}-{seed}"
            ours[key] = uplift(model, data.x[rows][~fit], 1)[:, 0]
            splits |= {f"{key}/rows": rows, f"{key}/treated": treated, f"{key}/fit": fit}
            chosen[mail].append(model.learner)
            print(f"  {key}: {model.learner}", file=sys.stderr, flush=True)
    np.savez(folder / "splits.npz", **splits)
    np.savez(folder / "ours.npz", **ours)
    peer = Path(__file__).parent / "peers" / "sklift_uplift.py"
    subprocess.run([os.environ.get(PEERS, sys.executable), str(peer), str(folder)], check=True)
    return json.loads((folder / "scores.json").read_text()), chosen


def told(scores: dict[str, Any], chosen: dict[str, list[str]], seeds: int) -> None:
    for mail in MAILS:
        both = {
            side: np.array([scores[f"{mail}-{seed}"][side] for seed in range(seeds)])
            for side in ("ours", "peer")
        }
        gap = both["ours"] - both["peer"]
        counts = {name: chosen[mail].count(name) for name in sorted(set(chosen[mail]))}
        print(f"\n{mail}: learners chosen over {seeds} splits: {counts}")
        for k, figure in enumerate(("Qini", "uplift at 30 %")):
            se = gap[:, k].std(ddof=1) / np.sqrt(seeds)
            aim = f", aim {AIMS[mail][k]:.4f}" if mail in AIMS else ""
            verdict = "" if mail not in AIMS else "  NOT MET" if gap[:, k].mean() < -1.96 * se else "  met"
            print(
                f"  {figure:15} ours {both['ours'][:, k].mean():.4f} ± {both['ours'][:, k].std(ddof=1):.4f}   SoloModel "
                f"{both['peer'][:, k].mean():.4f} ± {both['peer'][:, k].std(ddof=1):.4f}   difference "
                f"{gap[:, k].mean():+.4f} ± {se:.4f} (s.e., not below 0 by two){verdict}{aim}"
            )
        if "constant" in counts:
            print(
                f"  near-null: in {counts['constant']} of {seeds} splits no reliable difference between customers was found"
            )


def policy(data: Hillstrom) -> None:
    """Value the policy of three by IPS on the half it was not learned from."""
    everybody = np.arange(len(data.visit), dtype=np.int64)
    arms = {segment: k for k, segment in enumerate(MAILS.values())}
    arm = np.array([arms.get(segment, -1) for segment in data.segment])
    fit = data.half(everybody, 0)
    model = model_of(data.x[fit], arm[fit], data.visit[fit], len(arms))
    gain = uplift(model, data.x[~fit], len(arms))
    choice = np.where(gain.max(1) > 0, gain.argmax(1), -1)
    done, visit = arm[~fit], data.visit[~fit]
    print(f"\nthree-way policy: learner {model.learner}, visits per customer by IPS, chance 1/3")
    plans = {"this policy": choice, **{name: np.full(len(done), k) for k, name in enumerate(MAILS)}}
    values = {name: (plan == done) * visit * 3.0 for name, plan in plans.items()}
    values["no mail"] = (done == -1) * visit * 3.0
    best = max(MAILS, key=lambda name: float(values[name].mean()))
    values[f"policy less {best} to all"] = values["this policy"] - values[best]
    for name, each in values.items():
        se = each.std(ddof=1) / np.sqrt(len(each))
        print(
            f"  {name:28} {each.mean():+.4f}, 95 % from {each.mean() - 1.96 * se:+.4f} to {each.mean() + 1.96 * se:+.4f}"
        )
    sent = {name: int((choice == k).sum()) for k, name in enumerate((*MAILS, "no mail"))}
    sent["no mail"] = int((choice == -1).sum())
    print(f"  sent: {sent}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.uplift", description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    asked = parser.parse_args()
    root = Path(
        os.environ.get("NBATOOL_REAL_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data"
    )
    data = Hillstrom(root / "hillstrom" / "hillstrom.csv.gz")
    with tempfile.TemporaryDirectory(prefix="nbatool-uplift-") as folder:
        told(*compared(data, Path(folder), asked.seeds), asked.seeds)
    policy(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
