-- makes: what was posted for one objective within its window
-- grain: one row per moment with such outcomes
-- reads: due, outcomes
-- params: $objective, its name; $takes_unnamed, whether outcomes that name none are its own; $within_s, the window in
--   seconds; $clip, most one value counts (null: no limit)
select
    d.moment,
    count(*) filter (where o.value <> 0) as events, -- a posted zero says that nothing happened
    coalesce(sum(case when o.value > $clip then $clip else o.value end), 0)::double as total
from due as d
join outcomes as o on o.decision_id = d.decision_id and (o.slot is null or o.slot = d.slot)
where
    d.verdict = 'earns'
    and (o.objective = $objective or (o.objective is null and $takes_unnamed))
    and (o.ts is null or (o.ts >= d.as_of and o.ts < d.as_of + to_seconds($within_s)))
group by d.moment
