"""Which candidates a customer's consent allows: the step ``consent`` of the funnel."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from nbatool.decide.best import Bools
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
    place = {name: k for k, name in enumerate(singles)}
    result = np.empty((len(states), len(channels)), dtype=np.bool_)
    for j, channel in enumerate(channels):
        result[:, j] = allowed[:, [place[part] for part in channel.split(ALL_CHANNELS)]].all(axis=1)
    return result
