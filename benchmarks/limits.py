"""Prices of a budget, stocks, capacities and shares: how near the best possible, in which time, with how much memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.child import timed
from benchmarks.runs import Runs, child
from benchmarks.scale import Bench
from benchmarks.table import Row, seconds
from nbatool.decide.limits import Limit, best_first, share_of_contacts, within
from nbatool.decide.prices import solve

LEAST_RATIO, MOST_S, MOST_MB, AT_CUSTOMERS = 0.995, 30.0, 4_000.0, 1_000_000
NEAR = 0.02
"""Candidates worth so much less than the best at the prices, in currency, are left out of the linear program."""


def measure(bench: Bench) -> list[Row]:
    n = bench.scale.limited_customers
    small = n < AT_CUSTOMERS
    mark = f"< {MOST_S:g} s, < {MOST_MB:,.0f} MB at {AT_CUSTOMERS:,}"

    def ours(exploring: bool) -> Runs:
        return Runs((child("limits:ours", n=n, m=20, seed=bench.seed, exploring=exploring),))

    rows = []
    for how, found in (("best choices", ours(exploring=False)), ("exploring", ours(exploring=True))):
        met = found.seconds < MOST_S and found.peak_mb < MOST_MB
        what = f"prices of 9 limits, {n:,} × 20, {how}"
        rows.append(Row("limits", what, seconds(found), found.peak_mb, mark=mark, met=None if small else met))
    compared = child("limits:against_the_program", n=n, m=20, seed=bench.seed)
    what = f"value / LP optimum {compared['ratio']:.6f} (known within {compared['unsure']:.0e}), {n:,} × 20"
    met = compared["ratio"] >= LEAST_RATIO and not compared["exceeded"]
    mark = f"≥ {LEAST_RATIO:g}, none exceeded"
    rows.append(Row("limits", what, f"{compared['ours_s']:.2f} s", mark=mark, met=met))
    return rows


def world(n: int, m: int, seed: int) -> tuple[Any, Any, list[Limit]]:
    """Draw net values (n, m + 1), what is possible, and nine limits: a budget, three stocks, two channels, two shares
    and one stock of nothing."""
    rng = np.random.default_rng(seed)
    size = rng.gamma(1.5, 1.0, n)
    cost = np.append(rng.choice([0.05, 0.1, 0.2, 0.5, 1.0, 2.0], m), 0.0)
    values = np.zeros((n, m + 1))
    values[:, :m] = (rng.normal(0.3, 0.5, (n, m)) + rng.normal(0.0, 0.3, m)) * size[:, None] - cost[:m]
    possible = rng.random((n, m + 1)) < 0.7
    possible[:, -1] = True
    channel = np.append(rng.integers(0, 3, m), -1)
    wanted = np.bincount(np.where(possible, values, -np.inf).argmax(axis=1), minlength=m + 1)
    wanted[-1] = 0
    first = np.argsort(-wanted[:m], kind="stable")
    offers = np.arange(m + 1)
    limits = [Limit("budget", cost, most=round(0.5 * float((cost * wanted).sum()), 2))]
    limits += [
        Limit(f"stock {j}", (offers == j).astype(float), most=float(int(wanted[j] * 0.2))) for j in first[:3]
    ]
    limits += [
        Limit(f"channel {c}", (channel == c).astype(float), most=float(int(wanted[channel == c].sum() * 0.6)))
        for c in (0, 1)
    ]
    limits += share_of_contacts("least share", offers == first[-1], least=0.05)
    limits += share_of_contacts("most share", np.isin(offers, first[3:6]), most=0.2)
    limits.append(Limit("none left", (offers == first[6 % m]).astype(float), most=0.0))
    return values, possible, limits


def ours(n: int, m: int, seed: int, exploring: bool) -> dict[str, Any]:
    from nbatool.decide.exploration import probabilities
    from nbatool.decide.exploration_terms import ExplorationTerms

    values, possible, limits = world(n, m, seed)
    terms = ExplorationTerms(
        "inverse_gap", share=0.1, min_probability=0.001, max_loss=1.0, gamma=50.0, spread=1.0
    )
    chunks = ((values[i : i + 50_000], possible[i : i + 50_000]) for i in range(0, n, 50_000))
    result: dict[str, Any] = {}
    with timed(result):
        solved = solve(chunks, limits, (lambda v, p, _: probabilities(v, p, terms)) if exploring else None)
    return {**result, "value": solved.value, "bound": solved.upper_bound, "rounds": solved.rounds}


def chosen_within(values: Any, possible: Any, limits: list[Limit]) -> dict[str, Any]:
    """Solve, choose, take out; return value, bound and which limits are exceeded."""
    result: dict[str, Any] = {}
    with timed(result, "ours_s"):
        solved = solve([(values, possible)], limits)
        priced = np.where(possible, values - solved.prices.charge(limits), -np.inf)
        priced[:, -1] = 0.0
        chosen = np.where(
            priced[:, :-1].max(axis=1) > 0.0, priced[:, :-1].argmax(axis=1), priced.shape[1] - 1
        )
        rows = np.arange(len(values))
        kept = within(limits, best_first(priced[rows, chosen], rows), chosen)
    exceeded = [
        limit.name
        for limit, used in zip(limits, kept.used, strict=True)
        if (limit.most is not None and used > limit.most + 1e-9 * max(abs(limit.most), 1.0))
        or (limit.least is not None and used < limit.least - 1e-9 * max(abs(limit.least), 1.0))
    ]
    value = float(np.where(kept.keep, values[rows, chosen], 0.0).sum())
    return {**result, "value": value, "upper": solved.upper_bound, "exceeded": exceeded, "solved": solved}


def program(values: Any, possible: Any, limits: list[Limit], near: Any | None = None) -> tuple[float, Any]:
    """Solve the same as a linear program with HiGHS; return its optimum and what one more unit of each row earns.

    ``near`` (n, m + 1) leaves all other candidates out, and those who have one left take it: an optimum from below.
    """
    from scipy import sparse
    from scipy.optimize import linprog

    among = possible & (np.ones_like(possible) if near is None else near)
    decided = (among.sum(axis=1) == 1) & (near is not None)
    taken = np.bincount(among[decided].argmax(axis=1), minlength=values.shape[1])
    who, what = np.nonzero(among[:, :-1] & ~decided[:, None])
    signed = [(1.0, one, one.most) for one in limits if one.most is not None]
    signed += [(-1.0, one, one.least) for one in limits if one.least is not None]
    one_each = sparse.csr_matrix(
        (np.ones(len(who)), (who, np.arange(len(who)))), shape=(len(values), len(who))
    )
    uses = sparse.csr_matrix(np.array([s * one.use[what] for s, one, _ in signed]))
    free = [s * (float(bound or 0.0) - one.used(taken)) for s, one, bound in signed]
    found = linprog(
        -values[who, what], A_ub=sparse.vstack([one_each, uses]), b_ub=np.concatenate([np.ones(len(values)), free]),
        bounds=(0, None), method="highs",
    )  # fmt: skip
    fixed = float(values[decided, among[decided].argmax(axis=1)].sum())
    return fixed - float(found.fun), -found.ineqlin.marginals[len(values) :]


def against_the_program(n: int, m: int, seed: int) -> dict[str, Any]:
    """Compare with the optimum, which lies between that of the program of near candidates and the prices' own bound."""
    values, possible, limits = world(n, m, seed)
    found = chosen_within(values, possible, limits)
    priced = np.where(possible, values - found["solved"].prices.charge(limits), -np.inf)
    near = priced >= priced.max(axis=1, keepdims=True) - NEAR
    least, _ = program(values, possible, limits, near)
    return {
        "ours_s": found["ours_s"], "ratio": found["value"] / found["upper"], "unsure": found["upper"] / least - 1.0,
        "exceeded": found["exceeded"],
    }  # fmt: skip
