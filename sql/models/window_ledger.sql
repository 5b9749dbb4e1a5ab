-- makes: purchase_ledger (temporary): what customers bought and gave back day by day up to the end of a window after each
--   moment, once as it was and once without the purchases inside the window
-- grain: one row per history and day (or period of $grain_days days, from a Monday); a moment's history has the number
--   2 * moment, the one without what is inside 2 * moment + 1
-- reads: moments, events, zone_offsets
-- params: $types event types of purchases and refunds; $counted, those of them that are left out where they are inside;
--   $within_s, the window in seconds; $zone of customers without one; $grain_days; $only_buyers, whether moments without
--   a purchase inside are left out
create or replace temporary table purchase_ledger as
with known_zone as (
    select distinct zone from zone_offsets
),
looked_at as (
    select
        moment,
        customer_id,
        as_of,
        as_of + to_seconds($within_s) as until_ts,
        case when zone in (select zone from known_zone) then zone else $zone end as zone
    from moments
),
marked as (
    select
        m.moment,
        m.zone,
        m.until_ts,
        e.ts,
        e.value,
        e.ts >= m.as_of and e.type in (select unnest($counted)) as inside
    from looked_at as m
    inner join events as e
        on e.source_id = m.customer_id
        and e.ts < m.until_ts
    where e.type in (select unnest($types))
),
buyer as (
    select distinct moment from marked where inside
),
history as (
    select *, 2 * moment as number
    from marked
    where not $only_buyers or moment in (select moment from buyer)
    union all
    select *, 2 * moment + 1 as number
    from marked
    where not inside and (not $only_buyers or moment in (select moment from buyer))
),
-- the last day observed is the day of the last instant of the window
dated as (
    select
        h.number,
        h.value,
        cast(h.ts + to_seconds(coalesce(o.offset_s, 0)) as date) as day,
        cast(h.until_ts - interval 1 microsecond + to_seconds(coalesce(u.offset_s, 0)) as date) as until_day
    from history as h
    left join zone_offsets as o on o.zone = h.zone and o.from_ts <= h.ts and o.until_ts > h.ts
    left join zone_offsets as u
        on u.zone = h.zone
        and u.from_ts <= h.until_ts - interval 1 microsecond
        and u.until_ts > h.until_ts - interval 1 microsecond
),
-- 1970-01-05 was a Monday
periods as (
    select
        number,
        value,
        day - cast(((day - date '1970-01-05') % $grain_days + $grain_days) % $grain_days as integer) as day,
        until_day - cast(((until_day - date '1970-01-05') % $grain_days + $grain_days) % $grain_days as integer)
            as until_day
    from dated
)
select
    number as customer_id,
    day,                                                            -- local to the customer
    coalesce(sum(value) filter (where value > 0), 0) as sales,
    coalesce(-sum(value) filter (where value < 0), 0) as refunds,
    bool_or(coalesce(value, 0) >= 0) as bought,
    bool_or(value is null) as amount_unknown,                       -- of one purchase of the day at least
    any_value(until_day) as until_day                               -- last day (start of the last period) observed
from periods
group by number, day
