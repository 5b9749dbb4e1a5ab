-- makes: recent_events, the events the state keeps one by one, as numbers
-- grain: one row per event of the longest window, in the order of customer and time
-- reads: moments, events, feature_types, text_codes, zone_offsets (through {{ joins }})
-- params: $from_ts, start of the longest window; $f0, … attributes read
create or replace temp table recent_events as
select
    m.moment,
    epoch_us(e.ts) as ts_us,
    t.code as type,
    {{ columns }}
from moments as m
join events as e on e.source_id = m.customer_id and e.ts < m.as_of and e.ts >= $from_ts
join feature_types as t on t.type = e.type
{{ joins }}
order by m.moment, e.ts, t.code
