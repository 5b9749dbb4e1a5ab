-- makes: room for staged events that take the place of stored ones
-- grain: one row per replaced event
-- reads: events, known
-- params: source
delete from events where source = $source and event_id in (select event_id from known where wins)
