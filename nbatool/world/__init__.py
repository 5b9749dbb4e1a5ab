"""A made-up shop whose true answers are known: customers, events, contacts, and what each contact was worth.

    latent     who the customers really are, and what changes about them from day to day
    actions    the catalogue, and what each action does to whom
    behaviour  the ONE simulation: customers and decisions in, events out
    policy     how the shop handed out its actions in the past
    history    months of behaviour, wave after wave; a world that can be continued
    truth      the expected gain of every action for every customer, in closed form
    write      a world as the files a shop would have
    daily      another, smaller world that answers day by day from its first contact on

`python -m nbatool.world DIR` writes one; `World` is one in memory, to be continued decision by decision.
"""

from __future__ import annotations

from nbatool.world.history import World
from nbatool.world.write import WorldSummary, generate

__all__ = ["World", "WorldSummary", "generate"]
