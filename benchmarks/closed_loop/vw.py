"""Vowpal Wabbit as a policy: SquareCB over the same columns, learning from every closed window."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.closed_loop.trial import N_ARMS, Closed
from nbatool.base.seeds import generator, stream_seed
from nbatool.world.daily.actions import OFFERS
from nbatool.world.daily.observed import NAMES
from nbatool.world.latent import Floats, Ints

PEERS = "NBATOOL_BENCH_PEERS"
"""Environment variable: the interpreter that has vowpalwabbit, where this one has not."""
OPTIONS = "--cb_explore_adf --squarecb --interactions ca --cb_type mtr --quiet"
WORKER = Path(__file__).parents[1] / "peers" / "vw_bandit.py"
ARMS = [*(f"offer={a}/{c} action={a} channel={c}" for a, c in OFFERS), "offer=nothing"]


def interpreter() -> str | None:
    """Return the Python that can run VW, or None."""
    if named := os.environ.get(PEERS):
        return named
    return sys.executable if find_spec("vowpalwabbit") else None


class Vw:
    """VW in a process of its own; costs are the rewards turned round, in units of their usual size."""

    name = "vw squarecb"

    def __init__(self, python: str, seed: int, options: str = OPTIONS) -> None:
        self.seed = seed
        line = [python, str(WORKER), f"{options} --random_seed {stream_seed(seed, 'vw')}", json.dumps(ARMS)]
        self._process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._centre: Floats | None = None
        self._scale: Floats | None = None
        self._unit: float | None = None

    def choose(self, day: int, x: Floats, net: Floats) -> tuple[Ints, Floats]:  # noqa: ARG002
        if self._centre is None:
            self._centre, self._scale = x.mean(axis=0), x.std(axis=0) + 1e-6
        p = np.array(self._ask({"shared": self._texts(x)}))
        p /= p.sum(axis=1, keepdims=True)
        u = generator(self.seed, f"vw/{day}").random(len(x))
        arm = np.minimum((p.cumsum(axis=1) < u[:, None]).sum(axis=1), N_ARMS - 1)
        return arm, p[np.arange(len(x)), arm]

    def learn(self, closed: Closed) -> None:
        if self._unit is None:
            self._unit = float(closed.reward.std()) or 1.0
        self._ask({
            "shared": self._texts(closed.x), "arm": closed.arm.tolist(), "probability": closed.probability.tolist(),
            "cost": (-closed.reward / self._unit).round(5).tolist(),
        })  # fmt: skip

    def close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(timeout=30)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _texts(self, x: Floats) -> list[str]:
        assert self._centre is not None
        assert self._scale is not None
        standard = (x - self._centre) / self._scale
        return [
            " ".join(f"{name}:{value:.4f}" for name, value in zip(NAMES, row, strict=True) if value)
            for row in standard.tolist()
        ]

    def _ask(self, question: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("vw ended without an answer")
        return json.loads(answer)
