-- makes: what kinds of events there are before a moment
-- grain: one row per event type
-- reads: events
-- params: $as_of
select
    type,
    count(*) as events,
    count(value) as valued,
    count(*) filter (where epoch_us(ts) % 86400000000 <> 0) as timed  -- not at midnight UTC
from events
where ts < $as_of
group by type
order by type
