-- makes: cells, the additive aggregates of each event type
-- grain: one row per moment and event type that has events
-- reads: moments, events, feature_types, zone_offsets (through {{ local }})
-- params: $w0, $w1, … the values events are matched with, $f0, … the attributes they read
with seen as (
    select
        m.moment,
        t.code,
        epoch_us(m.as_of) - epoch_us(e.ts) as age_us,
        e.value as value
        {{ fields }}
    from moments as m
    join events as e on e.source_id = m.customer_id and e.ts < m.as_of
    join feature_types as t on t.type = e.type
    {{ local }}
)
select moment, code, {{ cells }}
from seen
group by moment, code
