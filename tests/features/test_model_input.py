"""Columns of candidates: all of them at once are what each alone is."""

from __future__ import annotations

import numpy as np

from nbatool.base.records import Action
from nbatool.features.customer import CustomerFeatures, FeatureSet
from nbatool.features.model_input import CandidateInput
from nbatool.features.pairs import PairFeatures, PairPlan
from nbatool.features.plan import FeaturePlan

TAGS = ("a", "b", "c", "d")
PAIRS = PairPlan(
    (("send",), (), ()), ("x", "y"), ("email", "web"), TAGS, ((0,), (1, 2)), short_s=7, long_s=28
)  # fmt: skip
FEATURES = FeatureSet(FeaturePlan((), ("send",)), (), PAIRS)
CANDIDATES = [
    (Action("x", "X", ("email", "web"), tags=("a",)), "email"), (Action("x", "X", ("email", "web"), tags=("a",)), "web"),
    (Action("y", "Y", ("email", "web"), tags=("b", "c", "d")), "web"), (Action("new", "New", ("email", "web"), tags=("c", "unheard")), "sms"),
    (Action("bare", "Bare", ("email", "web")), "email"), (None, None),
]  # fmt: skip


def made(n: int) -> CustomerFeatures:
    rng = np.random.default_rng(1)

    def pairs(keys: int) -> np.ndarray:
        found = rng.integers(0, 9, (n, keys, 5)).astype(np.float64)
        found[:, :, 2] = np.where(found[:, :, 1] > 0, rng.random((n, keys)) * 30, np.nan)
        return found

    return CustomerFeatures(
        np.zeros(n, np.int64), np.empty((n, 0)), {}, PairFeatures(pairs(2), pairs(len(TAGS)), pairs(2))
    )


def test_pair_columns_of_all_candidates_at_once() -> None:
    columns = CandidateInput(FEATURES, ("x", "y"), (), (), {})
    customers, width = made(30), len(columns.names)
    named = [("nothing" if a is None else a.id, channel) for a, channel in CANDIDATES]
    shared = columns.shared(named, [a for a, _ in CANDIDATES])
    together = np.empty((30, len(CANDIDATES), width))
    together[:] = shared.fixed
    columns.fill_all_pairs(together, shared, customers)
    for j, (action, channel) in enumerate(CANDIDATES):
        alone = np.tile(columns.encode_action(action, *named[j]), (30, 1))
        columns.fill_pairs(alone, slice(None), customers, slice(None), action, channel)
        assert np.array_equal(np.ascontiguousarray(together[:, j]).view(np.int64), alone.view(np.int64))


def test_without_any_tag() -> None:
    columns = CandidateInput(FEATURES, ("x",), (), (), {})
    shared = columns.shared([("bare", "email")], [Action("bare", "Bare", ("email", "web"))])
    together = np.full((2, 1, len(columns.names)), np.nan)
    columns.fill_all_pairs(together, shared, made(2))
    assert np.isnan(together[:, 0, -10:-5]).all()
