-- makes: room for a full refresh
-- grain: one row per reject of the source
-- reads: rejects
-- params: source
delete from rejects where source = $source
