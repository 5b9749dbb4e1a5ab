-- makes: a query result
-- grain: one row per instant decisions with a known outcome were made at, oldest first
-- reads: decisions, closed, events, reviewed
-- params: types, contact events, used where no decision is logged; as_of, the present (exclusive); closed_until and
--   ended_until, the newest beginning of own and of all windows that had ended; telling, sources whose outcomes
--   came with the decisions
with
logged as (
    select
        d.as_of,
        d.source = 'nbatool' or d.as_of <= $ended_until or list_contains($telling, d.source) as is_known
    from decisions as d
    left join reviewed as r on d.source = 'nbatool' and r.decision_id = d.decision_id
    where
        d.as_of < $as_of
        and (
            d.source <> 'nbatool'
            or (coalesce(r.out_at, d.as_of) <= $closed_until and d.decision_id in (select decision_id from closed))
        )
),
contacts as (
    select ts
    from events
    where list_contains($types, type) and ts <= $ended_until and not exists (select 1 from logged)
)
select epoch_us(as_of) as at_us, count(*) as decisions
from (select as_of from logged where is_known union all select ts from contacts) as found
group by as_of
order by as_of
