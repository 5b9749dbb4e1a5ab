-- makes: purchase_ledger (temporary): what a customer bought and gave back day by day
-- grain: one row per customer and day with a purchase or a refund (or period of $grain_days days, from a Monday)
-- reads: events, customers, zone_offsets
-- params: $types event types of purchases and refunds, $as_of (exclusive), $zone of customers without one, $grain_days
create or replace temporary table purchase_ledger as
with known_zone as (
    select distinct zone from zone_offsets
),
customer_zone as (
    select source_id as customer_id, timezone as zone
    from customers
    where timezone in (select zone from known_zone)
        and (valid_from is null or valid_from < $as_of)
    qualify row_number() over (partition by source_id order by valid_from desc nulls last, source desc, timezone) = 1
),
purchase as (
    select
        e.source_id as customer_id,
        e.ts,
        e.value,
        coalesce(z.zone, $zone) as zone
    from events as e
    left join customer_zone as z on z.customer_id = e.source_id
    where e.ts < $as_of
        and e.type in (select unnest($types))
),
-- the last day observed is the day of the last instant before $as_of
zone_end as (
    select
        p.zone,
        cast($as_of - interval 1 microsecond + to_seconds(coalesce(o.offset_s, 0)) as date) as until_day
    from (select distinct zone from purchase) as p
    left join zone_offsets as o
        on o.zone = p.zone
        and o.from_ts <= $as_of - interval 1 microsecond
        and o.until_ts > $as_of - interval 1 microsecond
),
dated as (
    select
        p.customer_id,
        p.zone,
        p.value,
        cast(p.ts + to_seconds(coalesce(o.offset_s, 0)) as date) as day
    from purchase as p
    left join zone_offsets as o on o.zone = p.zone and o.from_ts <= p.ts and o.until_ts > p.ts
),
-- 1970-01-05 was a Monday
periods as (
    select
        d.customer_id,
        d.value,
        d.day - cast(((d.day - date '1970-01-05') % $grain_days + $grain_days) % $grain_days as integer) as day,
        e.until_day
            - cast(((e.until_day - date '1970-01-05') % $grain_days + $grain_days) % $grain_days as integer)
            as until_day
    from dated as d
    inner join zone_end as e on e.zone = d.zone
)
select
    customer_id,
    day,                                                            -- local to the customer
    coalesce(sum(value) filter (where value > 0), 0) as sales,
    coalesce(-sum(value) filter (where value < 0), 0) as refunds,
    bool_or(coalesce(value, 0) >= 0) as bought,
    bool_or(value is null) as amount_unknown,                       -- of one purchase of the day at least
    any_value(until_day) as until_day                               -- last day (start of the last period) observed
from periods
group by customer_id, day
