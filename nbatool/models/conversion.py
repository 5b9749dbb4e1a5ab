"""P(convert | customer, action): what a cost per conversion is multiplied with."""

from __future__ import annotations

from nbatool.models.propensity import PropensityModel, fit_propensity
from nbatool.models.table import Table

NAME = "conversion"


def fit_conversion(
    table: Table, *, window_s: int, seed: int = 0, threads: int | None = None
) -> PropensityModel:
    """Fit the chance that a contact converts, on contact rows only.

    Parameters
    ----------
    table
        The outcome model's features of the contacts; y is 1 where a convert event of the row's action followed within
        the window.
    """
    return fit_propensity(NAME, table, window_s=window_s, seed=seed, threads=threads)
