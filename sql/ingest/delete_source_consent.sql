-- makes: room for a full refresh
-- grain: one row per consent record of the source
-- reads: consent
-- params: source
delete from consent where source = $source
