-- makes: event ids of equal records: the k-th has the id of (record, k)
-- grain: one row per staged event whose record stands in the file before
-- reads: staged, repeated
-- params: none
update staged
set event_id = md5(staged.event_id || '/' || ranked.k)
from (
    select _row, row_number() over (partition by event_id order by _row) as k
    from staged
    where reason is null and hash(event_id) in (select id_hash from repeated)
) as ranked
where ranked._row = staged._row and ranked.k > 1
