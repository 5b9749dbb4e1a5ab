-- makes: rows in outcomes
-- grain: one row per outcome that is not stored yet, by its source or under the same id by a file
-- reads: incoming, outcomes
-- params: source, batch_id
insert into outcomes (source, decision_id, slot, outcome_id, objective, ts, value, batch_id)
select
    $source, decision_id, slot, outcome_id, objective, make_timestamp(ts_us), cast(value as decimal(18, 4)), $batch_id
from (
    select *, row_number() over (partition by decision_id, slot, outcome_id order by ts_us, value) as place
    from incoming
) as ranked
where
    place = 1
    and not exists (
        select 1
        from outcomes as o
        where
            o.source = $source
            and o.decision_id = ranked.decision_id
            and o.slot is not distinct from ranked.slot
            and o.outcome_id = ranked.outcome_id
    )
    -- What a file brought under the same id is the same outcome; live, the objective stands before the id.
    and not exists (
        select 1
        from outcomes as o
        where
            $batch_id = '@live'
            and o.batch_id <> '@live'
            and o.decision_id = ranked.decision_id
            and o.slot is not distinct from ranked.slot
            and ranked.outcome_id = ranked.objective || '/' || o.outcome_id
            and coalesce(o.objective, ranked.objective) = ranked.objective
    )
