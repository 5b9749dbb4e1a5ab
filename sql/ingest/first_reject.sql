-- makes: a query result
-- grain: at most one row
-- reads: rejects
-- params: batch_ids
select file, line, reason, detail
from rejects
where batch_id in (select unnest($batch_ids))
order by file, line, reason
limit 1
