-- makes: outcomes that grew since their decision was loaded before
-- grain: one row per such outcome
-- reads: told, outcomes
-- params: source
update outcomes
set value = told.value, ts = told.ts
from told
where
    outcomes.source = $source
    and outcomes.decision_id = told.decision_id
    and outcomes.slot is not distinct from told.slot
    and outcomes.outcome_id = told.outcome_id
    and told.value > outcomes.value
