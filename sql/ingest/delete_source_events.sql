-- makes: room for a full refresh
-- grain: one row per event of the source
-- reads: events
-- params: source
delete from events where source = $source
