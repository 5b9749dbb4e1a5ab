-- makes: every event type loaded, whenever its events were
-- grain: one row per event type
-- reads: events
-- params: none
select distinct type
from events
order by type
