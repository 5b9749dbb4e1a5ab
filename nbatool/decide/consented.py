"""Which candidates a customer's consent allows: the step ``consent`` of the funnel."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nbatool.decide.best import Bools, Indices
from nbatool.decide.catalogue import ALL_CHANNELS
from nbatool.profile.consent import IN, OUT


def single_channels(channels: Sequence[str]) -> tuple[str, ...]:
    """Return the single channels that candidates go out on, each once, in order.

    >>> single_channels(["sms", "email+sms"])
    ('email', 'sms')
    """
    return tuple(sorted({part for channel in channels for part in channel.split(ALL_CHANNELS)}))


def consented(
    states: NDArray[np.int8], singles: Sequence[str], channels: Sequence[str], required: Collection[str]
) -> Bools:
    """Return which candidates may go out, as far as consent goes.

    An opt-out forbids its channel always; not having said anything forbids it where consent is required. A message on
    several channels at once needs all of them.

    Parameters
    ----------
    states
        (n, n_singles) of `IN`, `OUT`, `UNKNOWN`.
    singles
        (n_singles,) the single channels, as `single_channels` has them.
    channels
        (m,) of the candidates.
    required
        The channels of ``require_consent``.

    Returns
    -------
    Bools
        (n, m).

    Examples
    --------
    >>> states = np.array([[1, 0], [-1, -1]], dtype=np.int8)
    >>> consented(states, ["email", "sms"], ["email", "sms", "email+sms"], ["email"]).tolist()
    [[True, False, False], [False, True, False]]
    """
    needs = np.array([name in required for name in singles], dtype=np.bool_)
    allowed = np.where(needs, states == IN, states != OUT)
    return allowed[:, _parts(tuple(singles), tuple(channels))].all(axis=2)  # type: ignore[no-any-return]


@lru_cache(maxsize=64)
def _parts(singles: tuple[str, ...], channels: tuple[str, ...]) -> Indices:
    """Places of the single channels of each candidate, (m, most of one); who has fewer has the last again."""
    place = {name: k for k, name in enumerate(singles)}
    parts = [[place[part] for part in channel.split(ALL_CHANNELS)] for channel in channels]
    most = max(map(len, parts), default=1)
    rows = [[*of, *of[-1:] * (most - len(of))] for of in parts]
    return np.array(rows, np.int64).reshape(len(rows), most)
