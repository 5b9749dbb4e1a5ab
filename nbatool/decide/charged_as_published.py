"""The prices of limits an explanation counts with: those of the last score at its moment, those of live decisions later."""

from __future__ import annotations

from dataclasses import replace

from nbatool.decide.circumstances import NightCircumstances
from nbatool.decide.live_room import LiveRoom
from nbatool.decide.pacing import PublishedLimits
from nbatool.decide.policy import Policy
from nbatool.decide.population_limits import PopulationLimits
from nbatool.decide.published import InForceTerms
from nbatool.store.ledger import Ledger

UNSCORED = "limits on everybody have no price before the first score: net values are without them"
CHANGED = "limits on everybody changed since the last score: net values are without their prices until: nbatool score"
EARLIER = "this time lies before the last score, and limits on everybody have the prices of that one: net values are without them"


def charged_as_published(
    told: NightCircumstances, policy: Policy, in_force: InForceTerms, ledger: Ledger, as_of_us: int
) -> tuple[NightCircumstances, str | None]:
    """Return what guardrails look at with the published prices; where there are none for this, say why.

    Parameters
    ----------
    policy
        By the settings of now.
    ledger
        Says what limits have left.
    """
    limits = policy.guardrails.limits
    if in_force.limits is None:
        why = UNSCORED if in_force.publication is None else CHANGED
        return told, why if limits.limits else None
    said, published_json = in_force.limits
    if PopulationLimits.from_json(said, limits.catalogue).limits != limits.limits:
        return told, CHANGED
    published = PublishedLimits.from_json(published_json["published"])
    if as_of_us < published.cut_us:
        return told, EARLIER
    room = LiveRoom(limits, published, ledger.totals())
    is_night = as_of_us == published.cut_us
    charge, full = room.at_night if is_night else room.at(as_of_us)
    charged = replace(
        told,
        charge=charge,
        tie_width=float(published_json["tie_width"]),
        prices=room.published_prices if is_night else room.charged,
        full=None if is_night else full,
        limits=[limit.title for limit in limits.limits],
    )
    return charged, None
