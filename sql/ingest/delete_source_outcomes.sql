-- makes: room for a full refresh
-- grain: one row per outcome of the source
-- reads: outcomes
-- params: source
delete from outcomes where source = $source
