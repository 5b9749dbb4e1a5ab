-- makes: rejected rows by reason
-- grain: one row per source and reason
-- reads: rejects
-- params: none
select
    source,
    reason,
    count(*) as rows,
    min(struct_pack(file := file, line := line, detail := detail)) as first_row
from rejects
group by source, reason
order by rows desc, source, reason
