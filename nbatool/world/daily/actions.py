"""The catalogue, what each action does to whom, and how that changes at a switch.

A contact is read or not, by channel. A reader responds (orders once more within the window) with a chance that
depends on what a shop can see: tastes, tier, household, whether something was left in the cart. Read or not, a contact
makes a share of usual orders not happen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nbatool.world.actions import above
from nbatool.world.daily.people import CATEGORIES, People
from nbatool.world.latent import Bools, Floats, Ints

WINDOW_DAYS = 3
"""Length of the outcome window: everything a contact does, it does within this time."""
CHANNELS = ("email", "push")


@dataclass(frozen=True, slots=True)
class DailyAction:
    """One entry of the catalogue; `cost` is per contact, `lost` the share of usual orders it drives away."""

    id: str
    name: str
    channels: tuple[str, ...]
    tags: tuple[str, ...]
    cost: float
    lost: float
    focus: str


ACTIONS = (
    DailyAction("bakery_box", "A box from the bakery", ("email",), ("sample", "food"), 0.60, 0.02, "bakery"),
    DailyAction("coffee_sample", "Free coffee sample", ("email", "push"), ("sample", "drink"), 0.40, 0.02, "coffee"),
    DailyAction("family_pack", "Family pack", ("email",), ("promo", "household"), 0.50, 0.02, "any"),
    DailyAction("free_shipping", "Free shipping today", ("push",), ("promo", "shipping"), 0.50, 0.02, "any"),
    DailyAction("gold_bonus", "Bonus for gold members", ("email", "push"), ("loyalty",), 0.30, 0.02, "any"),
    DailyAction("tea_sample", "Free tea sample", ("email", "push"), ("sample", "drink"), 0.40, 0.02, "tea"),
    DailyAction("survey", "How are we doing?", ("email",), ("service",), 0.05, 0.25, "any"),
)  # fmt: skip
ACTION_IDS = tuple(action.id for action in ACTIONS)
OFFERS = tuple((action.id, channel) for action in ACTIONS for channel in action.channels)
"""Pairs of action and channel; offer codes index it, and -1 is nothing."""
OFFER_ACTION: Ints = np.array([ACTION_IDS.index(action_id) for action_id, _ in OFFERS])
OFFER_CHANNEL: Ints = np.array([CHANNELS.index(channel) for _, channel in OFFERS])
OFFER_COST: Floats = np.array([ACTIONS[a].cost for a in OFFER_ACTION])
OFFER_LOST: Floats = np.array([ACTIONS[a].lost for a in OFFER_ACTION])


def profiles(people: People, cart: Bools) -> Floats:
    """Return how likely a reader responds to each action as it was meant, shape (n_customers, n_actions)."""
    taste = {name: people.taste[:, k] for k, name in enumerate(CATEGORIES)}
    by_action = {
        "bakery_box": 0.60 * above(taste["bakery"], 0.45, 0.05),
        "coffee_sample": 0.60 * above(taste["coffee"], 0.45, 0.05),
        "family_pack": 0.50 * (people.household_size >= 4),
        "free_shipping": 0.65 * cart,
        "gold_bonus": 0.50 * (people.tier == 2),
        "tea_sample": 0.60 * above(taste["tea"], 0.45, 0.05),
        "survey": np.zeros(len(people)),
    }
    return np.column_stack([0.01 + by_action[name] for name in ACTION_IDS])


def responses(people: People, cart: Bools, works_as: Sequence[int]) -> Floats:
    """Return the chance that a contact by each offer leads to one more order, shape (n_customers, n_offers).

    Parameters
    ----------
    works_as
        For each action, the code of the action for whose people it works now; in order, as they were meant.
    """
    if_read = profiles(people, cart)[:, np.asarray(works_as)] * people.response[:, None]
    chance: Floats = people.read_p[:, OFFER_CHANNEL] * np.minimum(if_read, 1.0)[:, OFFER_ACTION]
    return chance
