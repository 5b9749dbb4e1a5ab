-- makes: a query result
-- grain: one row per (source, file, reason)
-- reads: rejects, batches
-- params: none
select
    r.source,
    r.file,
    r.reason,
    count(*) as n_rows,
    bool_or(b.batch_id is not null) as is_loaded,
    min(r.line) as line,
    arg_min(r.detail, r.line) as detail,
    arg_min(r.raw, r.line) as raw
from rejects as r
left join batches as b on b.batch_id = r.batch_id
group by r.source, r.file, r.reason
order by r.source, r.file, n_rows desc, r.reason
