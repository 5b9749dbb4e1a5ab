-- makes: every event type that was ever loaded
-- grain: one row per event type
-- reads: events
-- params: none
select distinct type from events order by type
