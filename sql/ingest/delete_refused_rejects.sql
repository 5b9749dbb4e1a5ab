-- makes: room for the outcome of a new attempt to load a source
-- grain: one row per reject of an attempt that was refused
-- reads: rejects, batches
-- params: source
delete from rejects where source = $source and batch_id not in (select batch_id from batches)
