-- makes: the values of one text field within the longest window
-- grain: one row per value
-- reads: events
-- params: $from_ts, $as_of; $field, the attribute (unused for a column)
select distinct {{ field }} as value
from events as e
where e.ts >= $from_ts and e.ts < $as_of and {{ field }} is not null
order by value
