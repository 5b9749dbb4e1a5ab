-- makes: how many different values of one text field each window holds
-- grain: one row per moment that has such events
-- reads: moments, events, feature_types
-- params: $codes, codes of the types counted; $field, the attribute (unused for a column)
with newest as (
    select
        m.moment,
        {{ field }} as counted,
        min(epoch_us(m.as_of) - epoch_us(e.ts)) as age_us
    from moments as m
    join events as e on e.source_id = m.customer_id and e.ts < m.as_of
    join feature_types as t on t.type = e.type
    where list_contains($codes, t.code)
    group by m.moment, counted
)
select moment, {{ slots }}
from newest
where counted is not null
group by moment
