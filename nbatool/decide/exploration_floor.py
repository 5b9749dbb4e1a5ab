"""What ``min_probability`` comes to: every candidate can have it only as far as ``share`` reaches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nbatool.base.records import Action
from nbatool.decide.catalogue import channels_offered
from nbatool.decide.exploration_terms import ExplorationTerms

if TYPE_CHECKING:
    from nbatool.base.config import Config


def floor_not_held(config: Config, actions: Sequence[Action]) -> str | None:
    """Say what holds instead, where ``share`` is too small to give every candidate ``min_probability``; else None."""
    asked = config.exploration
    if asked is None or asked.method == "greedy":
        return None
    every = config.catalogue.channel_mode == "all"
    offers = sum(len(channels_offered(action, every_channel=every)) for action in actions)
    k = offers + config.catalogue.allow_nothing
    terms = ExplorationTerms(asked.method, share=asked.share, min_probability=asked.min_probability)
    off, least = terms.limits(k)
    if k < 2 or least >= asked.min_probability:
        return None
    needed = asked.min_probability * (k - 1)
    raised = f"raise share to {needed:.4g}, or " if needed <= (k - 1) / k else ""
    return (
        f"[exploration] min_probability {asked.min_probability:g} does not hold where all {k} candidates are possible: "
        f"share {asked.share:g} leaves {off:.4g} for {k - 1} of them, so each is tried with at least {least:.4g} instead. "
        f"To have it hold, {raised}lower min_probability to {least:.4g}"
    )
