-- makes: room for a full refresh
-- grain: one row per loaded file of the source
-- reads: batches
-- params: source
delete from batches where source = $source
