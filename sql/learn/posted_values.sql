-- makes: what was posted for one objective within its window
-- grain: one row per moment with such outcomes
-- reads: due, outcomes, events, decisions
-- params: $objective, its name; $takes_unnamed, whether outcomes that name none are its own; $within_s, the window in
--   seconds; $clip, most one value counts (null: no limit); $types, event types that count for it by themselves, and
--   $match_action, whether only those of the decision's own action do
with sources as (select distinct source from decisions),

posted as (
    select
        d.moment,
        d.source_id,
        d.began,
        d.action_id,
        o.value,
        -- the id its sender gave it: what came live stands under its objective's name
        case
            when o.batch_id = '@live' and o.objective is not null and starts_with(o.outcome_id, o.objective || '/')
            then substr(o.outcome_id, length(o.objective) + 2)
            else o.outcome_id
        end as said_id
    from due as d
    -- One told of a whole slate stands at its first slot, which is 1 in every decision of this workspace.
    join outcomes as o on o.decision_id = d.decision_id and coalesce(o.slot, 1) = d.slot
    where
        d.verdict = 'earns'
        -- Sources may number their decisions alike; what came with a decision is that decision's.
        and (o.source = 'nbatool' or o.source not in (select source from sources))
        and (o.objective = $objective or (o.objective is null and $takes_unnamed))
        and (o.ts is null or (o.ts >= d.began and o.ts < d.began + to_seconds($within_s)))
)

select
    p.moment,
    count(*) filter (where p.value <> 0) as events, -- a posted zero says that nothing happened
    coalesce(sum(case when p.value > $clip then $clip else p.value end), 0)::double as total
from posted as p
-- What is posted under the id of an event that counts already is that event, told twice.
where not exists (
    select 1
    from events as e
    where
        e.event_id = p.said_id
        and e.source_id = p.source_id
        and e.type in (select unnest($types))
        and e.ts >= p.began
        and e.ts < p.began + to_seconds($within_s)
        and (not $match_action or e.action_id = p.action_id)
)
group by p.moment
