-- makes: the moments after which an event happens within a window
-- grain: one row per such moment
-- reads: moments, events
-- params: $event, the type; $within_s, the window in seconds
select distinct m.moment
from moments as m
join events as e
    on e.source_id = m.customer_id
    and e.type = $event
    and e.ts >= m.as_of
    and e.ts < m.as_of + to_seconds($within_s)
