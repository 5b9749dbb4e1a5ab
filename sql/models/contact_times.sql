-- makes: when contacts went out, and how many
-- grain: one row per time
-- reads: events
-- params: $types, the contact types; $from_ts, $until_ts, the time looked at; $by_channel, whether another channel is another contact
select
    as_of_us,
    count(*) as contacts
from (
    select distinct source_id, epoch_us(ts) as as_of_us, action_id, case when $by_channel then channel end as channel
    from events
    where list_contains($types, type) and ts >= $from_ts and ts < $until_ts and action_id is not null
) as contact
group by as_of_us
order by as_of_us
