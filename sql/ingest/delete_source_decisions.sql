-- makes: room for a full refresh
-- grain: one row per decision of the source
-- reads: decisions
-- params: source
delete from decisions where source = $source
