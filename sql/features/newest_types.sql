-- makes: the codes of the types of the newest events, newest first
-- grain: one row per moment that has such events
-- reads: moments, events, feature_types
-- params: $codes, codes of the types looked at; $within_us, the window; $most, how many events back
with ranked as (
    select
        m.moment,
        t.code,
        row_number() over (partition by m.moment order by e.ts desc, t.code desc) as nth
    from moments as m
    join events as e on e.source_id = m.customer_id and e.ts < m.as_of
    join feature_types as t on t.type = e.type
    where list_contains($codes, t.code)
        and epoch_us(m.as_of) - epoch_us(e.ts) <= $within_us
    qualify nth <= $most
)
select moment, {{ slots }}
from ranked
group by moment
