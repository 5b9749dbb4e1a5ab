-- makes: room for a full refresh
-- grain: one row per attribute of the source
-- reads: attributes_seen
-- params: source
delete from attributes_seen where source = $source
