-- makes: a query result
-- grain: one row per instant decisions were made at, oldest first
-- reads: decisions, closed, events
-- params: types (contact events, used where no decision is logged), until_us
with
logged as (
    select epoch_us(d.as_of) as at_us
    from decisions as d
    where d.source <> 'nbatool' or d.decision_id in (select decision_id from closed)
),
contacts as (
    select epoch_us(ts) as at_us
    from events
    where list_contains($types, type) and not exists (select 1 from logged)
)
select at_us, count(*) as decisions
from (select at_us from logged union all select at_us from contacts) as found
where at_us < $until_us
group by at_us
order by at_us
