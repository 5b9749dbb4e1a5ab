-- makes: a query result
-- grain: one row
-- reads: decisions, contact_states, closed
-- params: from_ts, until_ts
select
    count(*) as decisions,
    count(*) filter (where s.status = 'released') as released,
    count(*) filter (where s.status = 'expired') as expired      -- nobody confirmed the contact in time
from decisions as d
left join (
    select decision_id, max(status) as status       -- released before expired
    from contact_states
    where status in ('released', 'expired') and decision_id not in (select decision_id from closed)
    group by decision_id
) as s on s.decision_id = d.decision_id
where
    d.as_of >= $from_ts
    and d.as_of < $until_ts
    and (d.removed is null or len(list_filter(d.removed, lambda step: step = 0)) > 1)
