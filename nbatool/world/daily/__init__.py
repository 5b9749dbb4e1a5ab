"""A made-up shop that answers day by day, from its first contact on, and whose true answers are known.

    actions    the catalogue, what each action does to whom, and how that changes at a switch
    people     who the customers are, what the shop knows of them, and when they come by
    answers    the ONE simulation: what contacts cause, and what happens on a day
    world      a world at a midnight: its truth, and the day after some decisions
    observed   what a shop could know at a midnight, as columns for learners that read no files
    files      events, customers, catalogue and nba.toml as files

A customer comes by every few days, never twice within an outcome window. A message works only on who came by the day
before (the customer is *due*), so that no two contacts that work share a window, and what a decision is truly worth
depends on no other decision: every policy is judged against the same oracle.
"""

from __future__ import annotations

from nbatool.world.daily.world import DailyWorld, Switch

__all__ = ["DailyWorld", "Switch"]
