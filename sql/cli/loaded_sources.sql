-- makes: what was loaded, per source
-- grain: one row per source
-- reads: batches
-- params: none
select
    source,
    any_value(kind) as kind,
    count(*) as files,
    sum(rows)::bigint as rows,
    sum(accepted)::bigint as accepted,
    sum(duplicate)::bigint as duplicate,
    sum(rejected)::bigint as rejected,
    epoch_us(max(loaded_at)) as last_loaded_us
from batches
group by source
order by source
