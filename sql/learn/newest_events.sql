-- makes: a query result
-- grain: one row per source of events and type it brings; times in µs since 1970 UTC
-- reads: events
-- params: none
select
    source,
    type,
    max(epoch_us(max(ts))) over (partition by source) as newest_us  -- of the source, whatever the type
from events
group by source, type
