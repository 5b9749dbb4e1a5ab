"""How the shop handed out its actions in the past: by lot, so that what it got for them can be compared."""

from __future__ import annotations

import numpy as np

from nbatool.world.actions import ACTIONS
from nbatool.world.behaviour import Decisions
from nbatool.world.events import CHANNELS
from nbatool.world.latent import UNSUBSCRIBABLE, Customers, State

NOTHING_P = 0.28
ACTION_P = (1.0 - NOTHING_P) / len(ACTIONS)
MAY_USE = np.array([[float(name in action.channels) for name in CHANNELS] for action in ACTIONS])


def by_lot(customers: Customers, state: State, rng: np.random.Generator) -> Decisions:
    """Give everybody nothing with `NOTHING_P` and each action with `ACTION_P`, whoever they are.

    The channel is drawn among the action's that the customer has not left; the web is always open.
    """
    n = len(customers)
    shares = [*np.full(len(ACTIONS), ACTION_P), NOTHING_P]
    action = rng.choice(len(ACTIONS) + 1, n, p=shares)
    open_channels = MAY_USE[np.minimum(action, len(ACTIONS) - 1)]
    open_channels[:, : len(UNSUBSCRIBABLE)] *= ~state.unsubscribed
    channel = (open_channels * rng.random((n, len(CHANNELS)))).argmax(axis=1)
    nothing = action == len(ACTIONS)
    return Decisions(np.where(nothing, -1, action), np.where(nothing, -1, channel))
