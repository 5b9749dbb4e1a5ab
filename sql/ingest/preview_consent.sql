-- makes: a query result
-- grain: one row per record of the file's beginning
-- reads: staged
-- params: n
select
    customer_id, channel,
    strftime(ts, '%Y-%m-%dT%H:%M:%SZ') as ts,
    state, purpose, address,
    reason as rejected
from staged
order by _row
limit $n
