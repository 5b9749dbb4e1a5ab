-- makes: a query result
-- grain: one row per closed contact of a night of which others may still be confirmed; those that were released count as
--   closed when their window has ended
-- reads: decisions, closed, contact_states
-- params: $settled_us, decisions up to here wait for nothing, µs since 1970 UTC
select decision_id, epoch_us(as_of) as as_of_us
from decisions
where
    source = 'nbatool'
    and batch_id = '@night'
    and action_id <> 'nothing'
    and epoch_us(as_of) > $settled_us
    and (
        decision_id in (select decision_id from closed)
        or decision_id in (select decision_id from contact_states where status = 'expired')
    )
order by decision_id
