-- makes: how often each value of one text field occurs
-- grain: one row per event type and value, the frequent ones first
-- reads: events
-- params: $as_of; $field, the attribute (unused for a column); $most, how many values per type
with valued as (
    select type, {{ field }} as value from events where ts < $as_of
),
counted as (
    select type, value, count(*) as events from valued where value is not null group by type, value
)
select
    type,
    value,
    events,
    count(*) over (partition by type) as different,
    sum(events) over (partition by type) as total
from counted
qualify row_number() over (partition by type order by events desc, value) <= $most
order by type, events desc, value
