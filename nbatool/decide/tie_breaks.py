"""Small amounts that tell equal customers apart, so that a price can send some of them one way and some the other.

Customers of whom the models know the same have the same values. At a price at which one of them does not care, none
of them does: all would take the offer or none. With an amount of their own for each candidate, far below what matters,
they come to differ; it depends on the customer and the candidate only, so the night and a live decision add the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from nbatool.base.seeds import hash64
from nbatool.decide.best import Floats

SALT = "tie_break"


def tie_keys(customer_ids: Iterable[str]) -> NDArray[np.uint64]:
    """Return the number of each customer, (n,), that `tie_breaks` starts from."""
    return np.array([hash64(SALT, customer_id) for customer_id in customer_ids], dtype=np.uint64)


def tie_breaks(keys: NDArray[np.uint64], m: int, width: float) -> Floats:
    """Return amounts between −width/2 and width/2 for m candidates, (n, m), in currency; 0 for `nothing`, the last.

    The mixing is that of SplitMix64 (Steele, Lea & Flood 2014).

    Examples
    --------
    >>> amounts = tie_breaks(tie_keys(["ann", "bob"]), 3, 0.01)
    >>> bool((np.abs(amounts) <= 0.005).all()), amounts[:, -1].tolist(), bool(amounts[0, 0] != amounts[1, 0])
    (True, [0.0, 0.0], True)
    """
    steps = np.arange(1, m + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = keys[:, None] + steps
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    amounts: Floats = ((mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53 - 0.5) * width
    amounts[:, -1] = 0.0
    return amounts


def charged(charge: Floats, customer_ids: Sequence[str | None], width: float) -> Floats:
    """Return (n, n_offers) what is taken off the net values of customers: the prices, less what tells equal ones apart.

    Parameters
    ----------
    charge
        (n_offers,) or (n, n_offers): prices times what a contact uses.
    customer_ids
        None for a visitor nobody knows.
    """
    keys = tie_keys(customer_id or "" for customer_id in customer_ids)
    return charge - tie_breaks(keys, charge.shape[-1] + 1, width)[:, :-1]
