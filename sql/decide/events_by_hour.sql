-- makes: how many events of customers themselves each hour of the day had
-- grain: one row per hour of the day in UTC that had one
-- reads: events
-- params: $since, $as_of, times; $without, event types that we make ourselves
select hour(ts) as hour_of_day, count(*) as n
from events
where ts >= $since and ts < $as_of and type not in (select unnest($without))
group by 1
order by 1
