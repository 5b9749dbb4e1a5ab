"""κ: how much of the lifetime value a model credits to purchases after contacts came true, measured by an experiment.

Customers were drawn into arms by chance, so control and the others differ by what was done alone. Let G be the value a
customer's purchases promise for a time after the last window, by the model, and L what they brought in that time:

    κ  =  (mean L of the others − mean L of control) / (mean G of the others − mean G of control)

the instrumental-variable estimate with the arm as instrument (Wald 1940). Contacts that make better customers give
κ near 1; contacts that only pull a purchase forward give none, or less. Decisions that went on would add effects of
their own to L, so the time looked at is the longest pause in the decisions, and everything since arms were first drawn
counts as one window before it. Both means are adjusted for what the customer's purchases before promised (a covariate
known before the draw changes no expectation, and most of the noise goes).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import US_PER_S, format_duration
from nbatool.features.choice import as_timestamp
from nbatool.features.labels import event_values, load_moment_actions
from nbatool.features.moments import Moments, load_moments
from nbatool.models.clv.purchases import Floats
from nbatool.models.clv.windowed import at_window_end, over
from nbatool.models.lifetime_outcome import lifetime_objective
from nbatool.store.arrow import fetch_arrow
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

    from nbatool.base.config import Config
    from nbatool.models.clv.model import ClvModel

LEAST_CUSTOMERS = 100
"""In control and in the other arms; below that no estimate is made."""
SIGNIFICANT = 1.96
"""Standard errors a difference must be above 0."""


@dataclass(frozen=True)
class Kappa:
    """How much of the credited later value is real.

    Parameters
    ----------
    value
        What is used: 0 until it is significantly above 0, at most 1.
    estimate, se
        As measured, and its standard error; None where nothing could be.
    n, n_control
        Customers compared, and how many of them were in control.
    promised, came
        What the others' purchases promised for the time looked at beyond control's, and what came beyond control's, in
        currency per customer; None where nothing could be measured.
    from_us, until_us
        The time looked at, µs since 1970.
    why
        In plain words, where the value is 0.
    """

    value: float = 0.0
    estimate: float | None = None
    se: float | None = None
    n: int = 0
    n_control: int = 0
    promised: float | None = None
    came: float | None = None
    from_us: int | None = None
    until_us: int | None = None
    why: str = ""

    def to_card(self) -> dict[str, Any]:
        return asdict(self)


def estimate_kappa(con: duckdb.DuckDBPyConnection, config: Config, model: ClvModel, as_of_us: int) -> Kappa:
    """Measure κ on the decisions before ``as_of_us`` and what was bought before it.

    Parameters
    ----------
    con
        The warehouse. Its temp tables moments, zone_offsets and purchase_days are made anew.
    config
        With an objective that is lifetime value.
    """
    objective = lifetime_objective(config)
    if objective is None or objective.lifetime is None:
        return Kappa(why="no objective is lifetime value")
    if model.family == "none":
        return Kappa(why="too little is known of purchases")
    within_us = objective.within * US_PER_S
    found = con.execute(
        statement("models/arm_pause"),
        {"as_of": as_timestamp(as_of_us), "within_us": within_us, "least_us": within_us},
    ).fetchall()
    if not found:
        return Kappa(why=_no_pause(con, as_of_us, objective.within))
    first_us, from_us, until_us = (int(us) for us in found[0])
    arms = {"from_ts": as_timestamp(first_us), "until_ts": as_timestamp(from_us)}
    rows = fetch_arrow(con, statement("models/arms_of_customers"), arms)
    control = np.asarray(rows["control"].to_numpy(zero_copy_only=False), dtype=np.bool_)
    seen = Kappa(n=len(control), n_control=int(control.sum()), from_us=from_us, until_us=until_us)
    if min(seen.n_control, seen.n - seen.n_control) < LEAST_CUSTOMERS:
        return replace(
            seen, why=f"{seen.n_control} customers in control and {seen.n - seen.n_control} in other arms are too "
            f"few to compare (at least {LEAST_CUSTOMERS} each)",
        )  # fmt: skip
    ids = rows["customer_id"].to_pylist()
    zone, followed_s = config.workspace.timezone, (until_us - from_us) // US_PER_S
    load_moments(con, Moments(ids, np.full(len(ids), first_us)), zone)
    histories = at_window_end(
        con, config.roles.purchase, within_s=(from_us - first_us) // US_PER_S, zone=zone,
        counted=objective.lifetime.purchases, grain_days=model.settings.grain_days,
    )  # fmt: skip
    promised, before = histories.values(model, over(model.settings, followed_s), len(ids))
    load_moments(con, Moments(ids, np.full(len(ids), from_us)), zone)
    load_moment_actions(con, [None] * len(ids))
    came = np.zeros(len(ids))
    for table in event_values(con, replace(objective, within=followed_s)):
        came[table.column(0).to_numpy()] += table.column(2).to_numpy()
    return judged_by(came * model.settings.margin, promised, before, control, seen)


def judged_by(
    came: Floats, promised: Floats, before: Floats, control: NDArray[np.bool_], seen: Kappa | None = None
) -> Kappa:
    """Return κ of n customers, each drawn into control or not.

    Parameters
    ----------
    came, promised, before
        (n,) in currency: what came, what all purchases promised for the same time, and what those before the draw did.

    >>> rng = np.random.default_rng(0)
    >>> control, better = np.arange(4000) % 2 == 0, np.repeat(0.0, 4000)
    >>> better[1::2] = 2.0
    >>> promised = 5 + better + rng.normal(0, 1, 4000)
    >>> found = judged_by(promised * 0.5 + rng.normal(0, 1, 4000), promised, np.full(4000, 5.0), control)
    >>> round(found.value, 1), found.se < 0.05
    (0.5, True)
    """
    seen = replace(seen or Kappa(), n=len(came), n_control=int(control.sum()))
    came, promised = _adjusted(came, before), _adjusted(promised, before)
    more_came, came_se = _difference(came, control)
    more_promised, promised_se = _difference(promised, control)
    seen = replace(seen, promised=more_promised, came=more_came)
    if not more_promised > SIGNIFICANT * promised_se:
        return replace(seen, why="the other arms did not buy more than control, beyond chance")
    estimate = more_came / more_promised
    se = _difference(came - estimate * promised, control)[1] / more_promised
    seen = replace(seen, estimate=estimate, se=se)
    if not more_came > SIGNIFICANT * came_se:
        why = "what the other arms brought later was not more than what control brought, beyond chance"
        return replace(seen, why=why)
    return replace(seen, value=min(estimate, 1.0))


def _adjusted(values: Floats, covariate: Floats) -> Floats:
    """Values less what a line through the covariate explains of them."""
    centred = covariate - covariate.mean()
    total = float((centred * centred).sum())
    return values if total == 0 else values - float((centred * values).sum()) / total * centred


def _difference(values: Floats, control: NDArray[np.bool_]) -> tuple[float, float]:
    """Mean of the others less mean of control, and its standard error."""
    one, other = values[~control], values[control]
    if min(len(one), len(other)) < 2:
        return 0.0, float("inf")
    se = np.sqrt(one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other))
    return float(one.mean() - other.mean()), float(se)


def _no_pause(con: duckdb.DuckDBPyConnection, as_of_us: int, within_s: int) -> str:
    query = statement("models/arms_drawn")
    if not con.execute(query, {"as_of": as_timestamp(as_of_us)}).fetchall()[0][0]:
        return "no customer was in a control group: [experiment] control draws one"
    window = format_duration(within_s)
    return (
        f"decisions never paused for {window} after their windows had ended, so what came later was never seen "
        "without further contacts"
    )
