-- makes: a query result
-- grain: one row per row of logged that has no open window: closed, or told with an outcome that has no time of its own
-- reads: logged, outcomes
-- params: none
select l.row
from logged as l
where
    l.outcome is not null
    or exists (
        select 1 from outcomes as o
        where o.decision_id = l.decision_id and o.ts is null and (o.slot is null or o.slot = l.slot)
    )
order by l.row
