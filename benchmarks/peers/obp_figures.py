"""Off-policy values by the Open Bandit Pipeline, written to a small file that tests compare with.

obp 0.5.7 asks for Python < 3.11 and packages of its day. An environment in which it runs all the same:

    python3 -m venv obp && obp/bin/pip install numpy scipy scikit-learn tqdm pyyaml pandas==2.3.3
    obp/bin/pip install --no-deps --ignore-requires-python obp==0.5.7
    NBATOOL_REAL_DATA=... obp/bin/python -m benchmarks.peers.obp_figures

Nothing of the real data is written: only obp's figures, its prior policy's action table (the same in every row) and
the coefficients of its logistic outcome model, from which the inputs are made again beside the data.
"""

from __future__ import annotations

import csv
import gzip
import importlib
import json
import os
import sys
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FIGURES = Path(__file__).parents[2] / "tests" / "oracles" / "obp_figures.json"
CAMPAIGNS = {"all": 80, "men": 34}
POSITIONS = 3
FOLDS = 3
CLIPS = (2.0, 10.0)
SWITCHES = (1.0, 3.0, 20.0)
SYNTHETIC = ((0, 50, 3), (1, 1_000, 5), (2, 4_000, 20))
"""(seed, rows, actions)."""


@dataclass(frozen=True)
class Inputs:
    """n decisions over m actions; `policy` and `q_hat` are (n, m), at each row's own position."""

    action: Ints
    reward: Array
    propensity: Array
    policy: Array
    q_hat: Array


def synthetic(seed: int, n: int, m: int) -> Inputs:
    """Return inputs from uniform numbers alone: the stream a numpy version is least likely to change."""
    random = np.random.Generator(np.random.PCG64(seed))
    logging, policy = (random.random((n, m)) ** 2 + 0.01 for _ in range(2))
    logging, policy = (p / p.sum(axis=1, keepdims=True) for p in (logging, policy))
    action = (logging.cumsum(axis=1) < random.random(n)[:, None]).sum(axis=1).clip(0, m - 1)
    q_hat = random.random((n, m))
    reward = (random.random(n) < 0.3) * (1 + 9 * random.random(n) ** 4)
    return Inputs(action.astype(np.int64), reward, logging[np.arange(n), action], policy, q_hat)


@dataclass(frozen=True)
class OpenBandit:
    """One log of the Open Bandit data, in obp's own encoding.

    context: (n, d) dummies of the user features, first level dropped. action_context: (m, 4) codes of the item
    features and the numeric one.
    """

    action: Ints
    reward: Array
    propensity: Array
    position: Ints
    context: Array
    action_context: Array

    def inputs(self, table: Array, coefficients: Array) -> Inputs:
        """Return the inputs for a policy (m, positions) and logistic models (folds, positions, 1 + d + 4)."""
        q_hat = np.empty((len(self.action), len(table)))
        d, fold = self.context.shape[1], self.fold()
        for k in range(FOLDS):
            for place in range(POSITIONS):
                rows = (fold == k) & (self.position == place)
                one = coefficients[k, place]
                score = one[0] + self.context[rows] @ one[1 : 1 + d]
                both = score[:, None] + (self.action_context @ one[1 + d :])[None, :]
                q_hat[rows] = 1 / (1 + np.exp(-both))
        return Inputs(self.action, self.reward, self.propensity, table[:, self.position].T.copy(), q_hat)

    def fold(self) -> Ints:
        """Return int64[n]: the fold in which a row is predicted, a third of the rows each."""
        order = np.random.RandomState(12345).permutation(len(self.action))
        fold = np.empty(len(order), dtype=np.int64)
        fold[order] = np.arange(len(order)) * FOLDS // len(order)
        return fold


def open_bandit(folder: Path, behaviour: str, campaign: str) -> OpenBandit:
    """Read `<folder>/open_bandit/<behaviour>/<campaign>/`, rows by time."""
    place = folder / "open_bandit" / behaviour / campaign
    rows = sorted(_read(place / f"{campaign}.csv.gz"), key=lambda row: row["timestamp"])
    items = _read(place / "item_context.csv.gz")
    users = sorted(name for name in rows[0] if name.startswith("user_feature"))
    dummies = [
        [float(row[name] == level) for row in rows]
        for name in users
        for level in sorted({row[name] for row in rows})[1:]
    ]
    codes = []
    for name in ("item_feature_1", "item_feature_2", "item_feature_3"):
        levels = sorted({item[name] for item in items})
        codes.append([float(levels.index(item[name])) for item in items])
    codes.append([float(item["item_feature_0"]) for item in items])
    return OpenBandit(
        action=np.array([int(row["item_id"]) for row in rows], dtype=np.int64),
        reward=np.array([float(row["click"]) for row in rows]),
        propensity=np.array([float(row["propensity_score"]) for row in rows]),
        position=np.array([int(row["position"]) for row in rows], dtype=np.int64) - 1,
        context=np.array(dummies).T.copy(),
        action_context=np.array(codes).T.copy(),
    )


def _read(file: Path) -> list[dict[str, str]]:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


class _Stub(type):
    """Stands for anything of a package that obp imports and these figures do not need."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Stub(name, (), {})


def import_obp() -> tuple[Any, Any]:
    """Import obp.ope and obp.policy without torch, matplotlib and seaborn."""
    for name in (
        "torch", "torch.nn", "torch.nn.functional", "torch.optim", "matplotlib", "matplotlib.pyplot", "seaborn",
    ):  # fmt: skip
        stub = types.ModuleType(name)
        stub.__path__ = []
        stub.__getattr__ = lambda wanted: _Stub(wanted, (), {})  # type: ignore[method-assign]
        sys.modules.setdefault(name, stub)
    for parent, child in (("torch", "nn"), ("torch", "optim"), ("matplotlib", "pyplot")):
        setattr(sys.modules[parent], child, sys.modules[f"{parent}.{child}"])
    return importlib.import_module("obp.ope"), importlib.import_module("obp.policy")


def figures(ope: Any, inputs: Inputs) -> dict[str, float]:
    """Return obp's estimate of every estimator, clip and switch."""
    models: dict[str, Any] = {
        "DM": ope.DirectMethod(),
        "IPS": ope.InverseProbabilityWeighting(),
        "SNIPS": ope.SelfNormalizedInverseProbabilityWeighting(),
        "DR": ope.DoublyRobust(),
        "SNDR": ope.SelfNormalizedDoublyRobust(),
    }
    models |= {f"IPS clip {c:g}": ope.InverseProbabilityWeighting(lambda_=c) for c in CLIPS}
    models |= {f"DR clip {c:g}": ope.DoublyRobust(lambda_=c) for c in CLIPS}
    models |= {f"switch-DR {s:g}": ope.SwitchDoublyRobust(lambda_=s) for s in SWITCHES}
    given = {
        "reward": inputs.reward,
        "action": inputs.action,
        "pscore": inputs.propensity,
        "action_dist": inputs.policy[:, :, None],
        "estimated_rewards_by_reg_model": inputs.q_hat[:, :, None],
        "position": np.zeros(len(inputs.action), dtype=int),
    }
    return {name: float(model.estimate_policy_value(**given)) for name, model in models.items()}


def real(ope: Any, policies: Any, folder: Path, campaign: str) -> dict[str, Any]:
    """Return what obp says of the Bernoulli-Thompson policy on the random log of a campaign."""
    linear_model = importlib.import_module("sklearn.linear_model")
    log = open_bandit(folder, "random", campaign)
    thompson = policies.BernoulliTS(
        n_actions=CAMPAIGNS[campaign],
        len_list=POSITIONS,
        is_zozotown_prior=True,
        campaign=campaign,
        random_state=12345,
    )
    table = thompson.compute_batch_action_dist(n_sim=100_000, n_rounds=1)[0]
    columns = np.c_[log.context, log.action_context[log.action]]
    coefficients: list[list[list[float]]] = []
    for k in range(FOLDS):
        coefficients.append([])
        for place in range(POSITIONS):
            rows = (log.fold() != k) & (log.position == place)
            model = linear_model.LogisticRegression(C=1000, max_iter=10_000)
            model.fit(columns[rows], log.reward[rows])
            coefficients[k].append([float(model.intercept_[0]), *map(float, model.coef_[0])])
    inputs = log.inputs(table, np.array(coefficients))
    interval = ope.InverseProbabilityWeighting().estimate_interval(
        reward=log.reward, action=log.action, pscore=log.propensity, action_dist=inputs.policy[:, :, None],
        position=np.zeros(len(log.action), dtype=int), n_bootstrap_samples=1000, random_state=12345,
    )  # fmt: skip
    return {
        "table": table.tolist(),
        "coefficients": coefficients,
        "interval": [float(bound) for bound in list(interval.values())[1:]],
        "on_policy": float(open_bandit(folder, "bts", campaign).reward.mean()),
        "figures": figures(ope, inputs),
    }


def main() -> None:
    ope, policies = import_obp()
    folder = Path(os.environ["NBATOOL_REAL_DATA"])
    found = {
        "obp": importlib.import_module("obp").__version__,
        "synthetic": [
            {"seed": s, "n": n, "m": m, "figures": figures(ope, synthetic(s, n, m))} for s, n, m in SYNTHETIC
        ],
        "open_bandit": {campaign: real(ope, policies, folder, campaign) for campaign in CAMPAIGNS},
    }
    FIGURES.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for campaign, part in found["open_bandit"].items():
        print(campaign, part["on_policy"], part["interval"], part["figures"])


if __name__ == "__main__":
    main()
