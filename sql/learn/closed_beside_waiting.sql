-- makes: a query result
-- grain: one row per closed contact of a night of which others may still be confirmed; those that were released count as
--   closed when their window has ended
-- reads: decisions, closed, contact_states, reviewed
-- params: $settled_us, decisions up to here wait for nothing, µs since 1970 UTC
select d.decision_id, epoch_us(coalesce(r.out_at, d.as_of)) as began_us
from decisions as d
left join reviewed as r on r.decision_id = d.decision_id
where
    d.source = 'nbatool'
    and d.batch_id = '@night'
    and d.action_id <> 'nothing'
    and epoch_us(coalesce(r.out_at, d.as_of)) > $settled_us
    and (
        d.decision_id in (select decision_id from closed)
        or d.decision_id in (select decision_id from contact_states where status = 'expired')
    )
order by d.decision_id
