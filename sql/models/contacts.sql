-- makes: the contacts of the log, of a sample of the customers
-- grain: one row per customer, time, action and (where $by_channel) channel
-- reads: events
-- params: $types, the contact types; $from_ts, $until_ts, the time looked at; $by_channel; $salt, $below, the sample: customers whose salted digest sorts below it
select
    source_id as customer_id,
    epoch_us(ts) as as_of_us,
    action_id,
    case when $by_channel then channel end as channel
from events
where list_contains($types, type) and ts >= $from_ts and ts < $until_ts and action_id is not null
    and md5(source_id || $salt) < $below
group by all
order by customer_id, as_of_us, action_id, channel
