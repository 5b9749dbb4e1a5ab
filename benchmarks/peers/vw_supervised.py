"""Vowpal Wabbit on a labelled set played as a bandit: ``python vw_supervised.py FILE FIRST_SEED SHUFFLES``.

Writes one line: JSON of {configuration: {"scores": [...], "seconds": [...]}}. Run by the interpreter that has
vowpalwabbit; imports nothing of the project.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np

CONFIGURATIONS = {
    "squarecb": "--squarecb",
    "squarecb γ=1000": "--squarecb --gamma_scale 1000",
    "ε .05": "--epsilon 0.05",
    "bag 5": "--bag 5",
    "greedy": "--epsilon 0",
}
ALL = "--cb_explore_adf --interactions sa --cb_type mtr --quiet"


def main(file: str, first: int, shuffles: int) -> dict[str, dict[str, list[float]]]:
    with np.load(file, allow_pickle=False) as found:
        numbers, texts, label = found["numbers"], found["texts"], found["label"]
    shared = [
        "shared |s "
        + " ".join(f"x{j}:{v:.6f}" for j, v in enumerate(numbers[i]))
        + "".join(f" c{j}={column[i]}" for j, column in enumerate(texts))
        for i in range(len(label))
    ]
    result: dict[str, dict[str, list[float]]] = {}
    for name, options in CONFIGURATIONS.items():
        played = [play(shared, label, seed, options) for seed in range(first, first + shuffles)]
        result[name] = {"scores": [p[0] for p in played], "seconds": [p[1] for p in played]}
    return result


def play(shared: list[str], label: np.ndarray, seed: int, options: str) -> tuple[float, float]:
    from vowpalwabbit import Workspace  # type: ignore[import-not-found, import-untyped, unused-ignore]

    rng = np.random.default_rng(seed)
    order = rng.permutation(len(label))
    k = int(label.max()) + 1
    actions = [f"|a a{a}" for a in range(k)]
    learner = Workspace(f"{ALL} {options} --random_seed {seed + 1}")
    right = 0.0
    started = time.process_time()
    for i in order:
        p = np.array(learner.predict([shared[i], *actions]))
        a = int(rng.choice(k, p=p / p.sum()))
        reward = float(a == label[i])
        right += reward
        told = [f"0:{-reward}:{p[a]} {text}" if j == a else text for j, text in enumerate(actions)]
        learner.learn([shared[i], *told])
    seconds = time.process_time() - started
    learner.finish()
    return right / len(label), seconds


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
