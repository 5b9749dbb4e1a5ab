-- makes: the rejected rows themselves, in the order of their files
-- grain: one row per rejected row
-- reads: rejects
-- params: limit
select source, file, line, reason, detail, raw
from rejects
order by source, file, line, reason, batch_id
limit $limit
