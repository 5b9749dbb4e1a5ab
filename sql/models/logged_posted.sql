-- makes: a query result
-- grain: one row per row of logged that has posted outcomes of an objective; one of a whole slate stands at its first slot
-- reads: logged, outcomes, decisions, events
-- params: objective, takes_unnamed (whether outcomes that name no objective are its), within_us, clip (currency or null);
--   types, event types that count for it by themselves, and match_action, whether only those of the decision's own action do
with
sources as (select distinct source from decisions),

-- A decision of an imported log may begin at a later place than the first.
firsts as (select source, decision_id, min(slot) as slot from decisions group by source, decision_id),

posted as (
    select
        l.row,
        l.customer_id,
        l.as_of,
        l.action_id,
        o.value,
        -- the id its sender gave it: what came live stands under its objective's name
        case
            when o.batch_id = '@live' and o.objective is not null and starts_with(o.outcome_id, o.objective || '/')
            then substr(o.outcome_id, length(o.objective) + 2)
            else o.outcome_id
        end as said_id
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
)

select
    p.row,
    count(*) filter (where p.value <> 0) as count, -- a posted zero says that nothing happened
    cast(sum(case when $clip is null then p.value else least(p.value, $clip) end) as double) as amount  -- currency
from posted as p
-- What is posted under the id of an event that counts already is that event, told twice.
where not exists (
    select 1
    from events as e
    where
        e.event_id = p.said_id
        and e.source_id = p.customer_id
        and e.type in (select unnest($types))
        and e.ts >= p.as_of
        and epoch_us(e.ts) < epoch_us(p.as_of) + $within_us
        and (not $match_action or e.action_id = p.action_id)
)
group by p.row
order by p.row
