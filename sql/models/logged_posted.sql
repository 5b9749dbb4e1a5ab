-- makes: a query result
-- grain: one row per row of logged that has posted outcomes of an objective; one of a whole slate stands at its first slot
-- reads: logged, outcomes, decisions
-- params: objective, takes_unnamed (whether outcomes that name no objective are its), within_us, clip (currency or null)
with
sources as (select distinct source from decisions),

-- A decision of an imported log may begin at a later place than the first.
firsts as (select source, decision_id, min(slot) as slot from decisions group by source, decision_id)

select
    l.row,
    count(*) filter (where o.value <> 0) as count,
    cast(sum(case when $clip is null then o.value else least(o.value, $clip) end) as double) as amount  -- currency
from logged as l
inner join firsts as f on f.source = l.source and f.decision_id = l.decision_id
inner join outcomes as o
    on o.decision_id = l.decision_id
    and coalesce(o.slot, f.slot) = l.slot
    -- Sources may number their decisions alike; what came with a decision is that decision's.
    and (o.source = l.source or o.source not in (select source from sources))
where
    l.outcome is null
    and (o.objective = $objective or (o.objective is null and $takes_unnamed))
    and (o.ts is null or (o.ts >= l.as_of and epoch_us(o.ts) < epoch_us(l.as_of) + $within_us))
group by l.row
order by l.row
