-- makes: a query result
-- grain: one row per reject of an attempt that is being refused
-- reads: rejects
-- params: batch_ids
select * from rejects where batch_id in (select unnest($batch_ids)) order by file, line
