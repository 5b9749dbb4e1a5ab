"""What the tests of answers share: a published data folder, a decision, and a posterior one can check by hand."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from desk import TERMS, Desk, record

from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.models.lessons import LivePosterior
from nbatool.store.decision_record import DecisionRecord


class Sum:
    """A posterior one can check by hand: per arm the weights, and the weighted residuals."""

    d = 2

    def __init__(self, arms: list[tuple[str, str | None]], totals: list[list[float]] | None = None) -> None:
        self.arms = [(action, channel) for action, channel in arms]
        self.totals = totals or [[0.0, 0.0] for _ in arms]

    def update_many(self, phi: Any, arm: Any, residual: Any, weight: Any) -> None:
        assert phi.dtype == np.float64
        for a, r, w in zip(arm, residual, weight, strict=True):
            self.totals[a][0] += float(w)
            self.totals[a][1] += float(w * r)

    def forget(self, elapsed_s: float) -> None:
        self.totals = [[w * 0.5 ** (elapsed_s / 1000), s * 0.5 ** (elapsed_s / 1000)] for w, s in self.totals]

    def to_bytes(self) -> bytes:
        return msgspec.json.encode([self.arms, self.totals])

    @classmethod
    def from_bytes(cls, raw: bytes) -> Any:
        arms, totals = msgspec.json.decode(raw)
        return cls([tuple(arm) for arm in arms], totals)


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    made = Desk(tmp_path / "data")
    made.publish()
    yield made
    for service in made.opened:
        service.close()
    made.online.close()


@pytest.fixture(name="record")
def _record() -> Callable[..., DecisionRecord]:
    return record


@pytest.fixture
def sum_posterior(monkeypatch: pytest.MonkeyPatch) -> type[Sum]:
    """Every service learns with sums."""
    monkeypatch.setattr("nbatool.learn.live.LivePosterior", partial(LivePosterior, from_bytes=Sum.from_bytes))
    return Sum


@pytest.fixture
def terms() -> OutcomeTerms:
    return TERMS
