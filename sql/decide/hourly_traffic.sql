-- makes: a query result
-- grain: one row per clock hour of the day (UTC) in which something happened since a time, contacts aside
-- reads: events
-- params: $contacts, event types that are contacts; $since, $until, times
select cast(date_part('hour', ts) as int) as hour, count(*) as n
from events
where ts >= $since and ts < $until and type not in (select unnest($contacts))
group by hour
order by hour
