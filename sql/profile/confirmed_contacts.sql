-- makes: a query result
-- grain: one row per decision that contact events before a moment confirm
-- reads: events
-- params: $types, event types of the role contact; $since, a time; $as_of, the moment
select decision_id, epoch_us(max(ts)) as at_us
from events
where
    decision_id is not null
    and type in (select unnest($types))
    and ts > $since
    and ts < $as_of
group by decision_id
order by decision_id
