-- makes: the contacts of the log
-- grain: one row per customer, time, action and (where $by_channel) channel
-- reads: events
-- params: $types, the contact types; $from_ts, $until_ts, the time looked at; $by_channel
select
    source_id as customer_id,
    epoch_us(ts) as as_of_us,
    action_id,
    case when $by_channel then channel end as channel
from events
where list_contains($types, type) and ts >= $from_ts and ts < $until_ts and action_id is not null
group by all
order by customer_id, as_of_us, action_id, channel
