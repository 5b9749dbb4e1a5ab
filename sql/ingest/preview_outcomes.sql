-- makes: a query result
-- grain: one row per record of the file's beginning
-- reads: staged
-- params: n
select
    decision_id, outcome_id, objective,
    strftime(ts, '%Y-%m-%dT%H:%M:%SZ') as ts,
    cast(value as varchar) as value,
    reason as rejected
from staged
order by _row
limit $n
