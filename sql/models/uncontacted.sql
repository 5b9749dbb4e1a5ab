-- makes: who was known and got no contact at the times looked at, of a sample of the customers
-- grain: one row per customer and time
-- reads: known_from, events
-- params: $times; $types, the contact types; $until_ts, the end of the time looked at; $unit_us, how long a time lasts: 1 for an instant, a day's microseconds for its day; $salt, $below, the sample: customers whose salted digest sorts below it
with time as (
    select unnest($times) as as_of
),

contacted as (
    select distinct source_id as customer_id, epoch_us(ts) // $unit_us as unit
    from events
    where list_contains($types, type) and action_id is not null and ts < $until_ts
)

select
    known_from.customer_id,
    epoch_us(time.as_of) as as_of_us
from known_from
inner join time on known_from.since < time.as_of
anti join contacted
    on contacted.customer_id = known_from.customer_id and contacted.unit = epoch_us(time.as_of) // $unit_us
where md5(known_from.customer_id || $salt) < $below
order by known_from.customer_id, as_of_us
