-- makes: a query result
-- grain: one row per row of logged that has no open window: closed, or told with an outcome that has no time of its own
-- reads: logged, outcomes, decisions
-- params: none
with
sources as (select distinct source from decisions)

select l.row
from logged as l
where
    l.outcome is not null
    or exists (
        select 1 from outcomes as o
        where
            o.decision_id = l.decision_id
            and o.ts is null
            -- What was told of a whole slate settles each of its slots.
            and (o.slot is null or o.slot = l.slot)
            -- Sources may number their decisions alike; what came with a decision is that decision's.
            and (o.source = l.source or o.source not in (select source from sources))
    )
order by l.row
