-- makes: a query result, who was decided for and whether in the control group
-- grain: one row per customer who was in control all the time, or never; ordered by customer
-- reads: decisions
-- params: $from_ts, $until_ts (exclusive)
select source_id as customer_id, bool_and(arm = 'control') as control
from decisions
where as_of >= $from_ts and as_of < $until_ts and arm is not null and source_id is not null
group by source_id
having bool_and(arm = 'control') or not bool_or(arm = 'control')
order by source_id
