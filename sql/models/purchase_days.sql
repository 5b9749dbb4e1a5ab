-- makes: purchase_days (temporary): the days on which a customer bought
-- grain: one row per customer and purchase day (or period of $grain_days days; weeks start on Monday)
-- reads: events, customers, zone_offsets
-- params: $types event types of purchases and refunds, $as_of (exclusive), $zone of customers without one, $grain_days
create or replace temporary table purchase_days as
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
),
by_day as (
    select
        customer_id,
        day,
        sum(value) as spend,
        min(value) as least,
        bool_or(coalesce(value, 0) >= 0) as bought,
        any_value(until_day) as until_day
    from periods
    group by customer_id, day
),
-- money given back on a day without a purchase belongs to the latest one before it
given_back as (
    select
        r.customer_id,
        max(b.day) as day,
        any_value(r.spend) as spend
    from by_day as r
    inner join by_day as b on b.customer_id = r.customer_id and b.day < r.day
    where not r.bought and b.bought
    group by r.customer_id, r.day
),
later as (
    select
        customer_id,
        day,
        sum(spend) as spend
    from given_back
    group by customer_id, day
)
select
    b.customer_id,
    b.day,                                         -- local to the customer
    b.spend + coalesce(l.spend, 0) as spend,       -- refunds netted; null: no amount known
    b.until_day                                    -- last day (start of the last period) observed
from by_day as b
left join later as l on l.customer_id = b.customer_id and l.day = b.day
where b.bought
    -- a free purchase is a purchase; one given back whole is none, and so is a refund before any purchase
    and (
        b.spend + coalesce(l.spend, 0) > 0
        or (coalesce(b.least, 0) >= 0 and l.spend is null)
    )
