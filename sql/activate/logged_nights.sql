-- makes: a query result
-- grain: one row per night in the decision log since a time, its moment in µs since 1970 UTC, earliest first
-- reads: decisions
-- params: $since, a time
select distinct epoch_us(as_of) as as_of_us
from decisions
where source = 'nbatool' and batch_id = '@night' and as_of >= $since
order by as_of_us
