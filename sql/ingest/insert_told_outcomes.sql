-- makes: rows in outcomes
-- grain: one row per outcome that came with a decision and is not stored yet
-- reads: told, outcomes
-- params: source, batch_id
insert into outcomes (source, decision_id, slot, outcome_id, objective, ts, value, batch_id)
select $source, decision_id, slot, outcome_id, objective, ts, value, $batch_id
from told
where not exists (
    select 1
    from outcomes as o
    where
        o.source = $source
        and o.decision_id = told.decision_id
        and o.slot is not distinct from told.slot
        and o.outcome_id = told.outcome_id
)
