"""Maps of decision logs as other tools write them.

Beside the canonical columns they may give :data:`PRESET_COLUMNS`, which a ``[source.map]`` cannot say.
"""

from __future__ import annotations

from typing import Final

PRESET_COLUMNS: Final = ("arm", "probability_in_arm", "status", "observations", "shared")
"""Further columns of decisions: the arm, the chance within it, what became of the contact, late outcomes as the list
``o`` of dsjson, and all features of the request as JSON, of which all but ``_multi`` become context."""

_CHOSEN: Final = "c->'_multi'->coalesce(_labelIndex::int, (a->>0)::int - 1, 0)"

DSJSON: Final = {
    "decision_id": "EventId",
    "ts": "Timestamp",
    "customer_id": "customer_id",
    "action_id": f"coalesce(action_id, {_CHOSEN}->>'_tag', (coalesce(_labelIndex::int + 1, (a->>0)::int, 1))::varchar)",
    "channel": f"coalesce(channel, {_CHOSEN}->>'channel')",
    "position": "slot",
    "probability": "coalesce(_label_probability, p->>0)",
    "probability_in_arm": "probability_in_arm",
    "arm": "arm",
    "policy": "VWState->>'m'",
    "candidates": "case when c->'_multi' is not null then to_json({'_multi': c->'_multi', 'a': a::json, 'p': p::json}) end",
    "outcome.reward": "-(_label_cost::decimal(18,4))",
    "observations": "o",
    "status": "case when _skipLearn = 'true' then 'released' end",
    "shared": "c",
}
"""A line a decision, as Vowpal Wabbit reads with ``--dsjson``; an action without ``_tag`` is its 1-based place."""

OBP: Final = {
    "decision_id": "decision_id",
    "customer_id": "customer_id",
    "ts": "timestamp",
    "action_id": "item_id",
    "channel": "channel",
    "position": "position",
    "probability": "propensity_score",
    "policy": "policy",
    "outcome.click": "click",
}
"""The columns of an Open Bandit file; those it does not have stay empty."""
OBP_CONTEXT: Final = ("user_feature_*", "user-item_affinity_*")

PERSONALIZER_EVENT: Final = (
    "coalesce(eventId, request->>'eventId', response->>'eventId', reply->>'eventId', reward->>'eventId')"
)
PERSONALIZER: Final = {
    "decision_id": f"any_value({PERSONALIZER_EVENT})",
    "ts": "min(coalesce(timestamp, request->>'timestamp'))",
    "customer_id": "any_value(userId)",
    "action_id": "any_value(coalesce(rewardActionId, response->>'rewardActionId', reply->>'rewardActionId'))",
    "candidates": "any_value(coalesce(ranking, response->>'ranking', reply->>'ranking'))",
    "outcome.reward": "sum(coalesce(value, reward->>'value'))",
    "shared": "any_value(coalesce(contextFeatures, request->>'contextFeatures'))",
}
"""Rank requests, their replies and rewards, one JSON object a line each or together; equal ``eventId`` is one decision."""

PERSONALIZER_REWARDS: Final = {
    "decision_id": PERSONALIZER_EVENT,
    "value": "coalesce(value, reward->>'value')",
    "ts": "timestamp",
    "outcome_id": "outcomeId",
}
"""Rewards in files of their own, each a line ``{"eventId", "value"}``."""
