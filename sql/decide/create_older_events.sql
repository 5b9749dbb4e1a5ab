-- makes: older_events, per event type what happened before the longest window
-- grain: one row per moment and event type
-- reads: moments, events, feature_types
-- params: $from_ts, start of the longest window; $f0, … attributes read
create or replace temp table older_events as
select
    m.moment,
    t.code as type,
    count(*) as events,
    epoch_us(min(e.ts)) as first_us,
    epoch_us(max(e.ts)) as last_us
    {{ columns }}
from moments as m
join events as e on e.source_id = m.customer_id and e.ts < m.as_of and e.ts < $from_ts
join feature_types as t on t.type = e.type
group by m.moment, t.code
order by m.moment, t.code
