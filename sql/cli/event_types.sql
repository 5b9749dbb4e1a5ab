-- makes: events by type
-- grain: one row per source and event type
-- reads: events
-- params: none
select
    source,
    type,
    count(*) as events,
    count(distinct source_id) as customers,
    epoch_us(min(ts)) as first_us,
    epoch_us(max(ts)) as last_us
from events
group by source, type
order by source, type
