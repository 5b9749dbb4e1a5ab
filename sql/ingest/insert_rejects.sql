-- makes: rows in rejects
-- grain: one row per rejected record
-- reads: staged
-- params: batch_id, source, file
insert into rejects
select $batch_id, $source, $file, _line, reason, detail, _raw
from staged
where reason is not null
order by _row
