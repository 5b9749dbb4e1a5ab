"""The fast learner and the decision's own exploration, playing one data set."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bandit.data_sets import DataSet
from nbatool.base.seeds import generator
from nbatool.decide.exploration import ExplorationTerms, probabilities, sample
from nbatool.decide.learned import Beliefs
from nbatool.models.fast_learner import FastLearner

TERMS = ExplorationTerms("optimistic", share=1.0, min_probability=0.0, max_loss=math.inf, draws=100)


def play(file: str, first: int, shuffles: int) -> dict[str, Any]:
    """Return the scores and the processor seconds of each shuffle."""
    data = DataSet.read(Path(file))
    played = [played_once(data, seed) for seed in range(first, first + shuffles)]
    return {"scores": [p[0] for p in played], "seconds": [p[1] for p in played]}


def played_once(data: DataSet, seed: int) -> tuple[float, float]:
    n = len(data.label)
    order = np.random.default_rng(seed).permutation(n)
    chance = generator(seed, "bandit").random(n)
    numbers = [f"x{j}" for j in range(data.numbers.shape[1])]
    texts = [f"c{j}" for j in range(len(data.texts))]
    rows = [
        dict(zip(numbers, row, strict=True)) | {name: column[i] for name, column in zip(texts, data.texts, strict=True)}
        for i, row in enumerate(data.numbers.tolist())
    ]  # fmt: skip
    learner = FastLearner([(f"a{k}", None) for k in range(data.n_classes)], numbers, texts, seed=seed)
    possible, lever = np.ones((1, data.n_classes), dtype=np.bool_), np.ones(data.n_classes)
    right = 0.0
    started = time.process_time()
    for at, i in enumerate(order):
        seen = learner.see(rows[i])
        # there is no doing nothing: the last class stands in its place, and the others are counted from it
        mean = learner.posterior.mean(seen)
        worth = mean - mean[:, -1:]
        wins = Beliefs(learner.posterior, seen).winning_shares(worth, possible, lever, TERMS)
        p = probabilities(worth, possible, TERMS, wins)
        arm = int(sample(p, chance[at : at + 1])[0])
        reward = float(arm == data.label[i])
        right += reward
        learner.learn(rows[i], arm, reward, seen)
    return right / n, time.process_time() - started
