-- makes: a query result
-- grain: one row
-- reads: decisions, contact_said, closed
-- params: from_ts, until_ts
select
    count(*) as decisions,
    count(*) filter (where s.status = 'released') as released,
    count(*) filter (where s.status = 'expired') as expired      -- nobody confirmed the contact in time
from decisions as d
left join (
    -- The last thing said of a contact counts; who confirms after the wait comes too late for one that expired.
    select
        decision_id,
        case
            when status = 'released' then 'released'
            when has_expired and decision_id not in (select decision_id from closed) then 'expired'
        end as status
    from contact_said
) as s on s.decision_id = d.decision_id
where
    d.as_of >= $from_ts
    and d.as_of < $until_ts
    and (d.removed is null or len(list_filter(d.removed, lambda step: step = 0)) > 1)
