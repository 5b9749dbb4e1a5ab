"""What is believed of repeat purchases when the data cannot carry a fit.

The formulas of MBG/NBD with a weak, fixed prior: the purchase rate is Gamma(1, alpha), the chance to drop out after a
purchase Beta(2, b) with a mean of at most 20 %, and alpha is solved so that all customers together are expected to
have made the repeat purchases they made, and half a one more (so none seen does not mean never). A customer's own
purchases then count against one prior purchase at the pooled rate, and silence lowers P(alive).
"""

from __future__ import annotations

import numpy as np

from nbatool.models.clv.bg_nbd import Parameters
from nbatool.models.clv.families import MBG_NBD
from nbatool.models.clv.purchases import Rows

MIN_CUSTOMERS = 100
MIN_REPEAT_CUSTOMERS = 30

PRIOR_SHAPE = 1.0
PRIOR_DROP_OUTS = 2.0
PRIOR_STAYS = 8.0
UNSEEN_PURCHASES = 0.5


def too_few(rows: Rows) -> str | None:
    """Return in plain words why the rows cannot carry a fit, or None if they can."""
    if rows.n_customers < MIN_CUSTOMERS:
        return f"{rows.n_customers} customers with a purchase are too few to fit (at least {MIN_CUSTOMERS})"
    if rows.repeat_customers < MIN_REPEAT_CUSTOMERS:
        return (
            f"{rows.repeat_customers} customers who bought on more than one day are too few to fit "
            f"(at least {MIN_REPEAT_CUSTOMERS})"
        )
    return None


def pooled_parameters(rows: Rows) -> Parameters | None:
    """Return MBG/NBD parameters (weeks) of the pooled rate; None when nobody was observed for a day.

    >>> few = Rows(np.array([0.0, 3.0]), np.array([0.0, 6.0]), np.array([10.0, 10.0]), np.array([1, 1]))
    >>> r, alpha, a, b = pooled_parameters(few)
    >>> r, a, b, round(MBG_NBD.total_expected((r, alpha, a, b), few), 6)
    (1.0, 2.0, 10.0, 3.5)
    """
    if not len(rows.age) or rows.age.max() <= 0:
        return None
    wanted = rows.repeat_purchases + UNSEEN_PURCHASES
    # The model can expect at most b/(a - 1) = b purchases of anybody: b must leave room for what was seen.
    stays = max(PRIOR_STAYS, 4.0 * (rows.repeat_purchases / int(rows.customers[rows.age > 0].sum()) + 1.0))
    low, high = -30.0, 30.0
    for _ in range(80):
        middle = (low + high) / 2
        parameters = (PRIOR_SHAPE, float(np.exp(middle)), PRIOR_DROP_OUTS, stays)
        enough = MBG_NBD.total_expected(parameters, rows) > wanted
        low, high = (middle, high) if enough else (low, middle)
    return PRIOR_SHAPE, float(np.exp(high)), PRIOR_DROP_OUTS, stays
