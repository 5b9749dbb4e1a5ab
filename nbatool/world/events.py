"""Events as columns of numbers, before they become rows of a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from nbatool.world.latent import Floats, Ints, Rows

TYPES = (
    "page_view", "add_to_cart", "purchase", "refund", "payment_failed",
    "message_sent", "message_opened", "offer_redeemed", "unsubscribe",
)  # fmt: skip
CHANNELS = ("email", "push", "web", "store")
NO_VALUE = -(2**40)


@dataclass(frozen=True)
class Events(Rows):
    """One row an event.

    `row` numbers the customer within the simulated block, `day` counts from 1970-01-01 UTC, `cents` is `NO_VALUE`
    and the codes are -1 where there is none; `on_sale` is 1 for a purchase of reduced goods, 0 for another.
    """

    row: Ints
    day: Floats
    type: Ints
    cents: Ints
    category: Ints
    channel: Ints
    action: Ints
    on_sale: Ints

    def __len__(self) -> int:
        return len(self.row)


def events_of(
    kind: str,
    row: Ints,
    day: Floats,
    *,
    cents: Ints | None = None,
    category: Ints | None = None,
    channel: Ints | str | None = None,
    action: Ints | None = None,
    on_sale: Ints | None = None,
) -> Events:
    """Return events of one type; a channel given by name holds for all of them."""
    n = len(row)
    none = np.full(n, -1, np.int64)
    if isinstance(channel, str):
        channel = np.full(n, CHANNELS.index(channel), np.int64)
    return Events(
        row=row.astype(np.int64),
        day=day,
        type=np.full(n, TYPES.index(kind), np.int64),
        cents=np.full(n, NO_VALUE, np.int64) if cents is None else cents,
        category=none if category is None else category.astype(np.int64),
        channel=none if channel is None else channel.astype(np.int64),
        action=none if action is None else action.astype(np.int64),
        on_sale=none if on_sale is None else on_sale.astype(np.int64),
    )


def together(parts: Sequence[Events]) -> Events:
    """Return all events as one, by day, customer and type."""
    joined = Events(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Events)))
    return joined.take(np.lexsort((joined.type, joined.row, joined.day)))
