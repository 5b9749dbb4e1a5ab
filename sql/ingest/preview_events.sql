-- makes: a query result
-- grain: one row per record of the file's beginning
-- reads: staged
-- params: n
select
    customer_id,
    strftime(ts, '%Y-%m-%dT%H:%M:%SZ') as ts,
    type, event_id, cast(value as varchar) as value, action_id, channel, decision_id, attributes,
    reason as rejected
from staged
order by _row
limit $n
