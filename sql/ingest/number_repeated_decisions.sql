-- makes: decision ids of equal records: the k-th has the id of (record, k)
-- grain: one row per decision whose record stands in the file before
-- reads: logged, repeated
-- params: none
update logged
set decision_id = md5(logged.decision_id || '/' || ranked.k)
from (
    select _row, row_number() over (partition by decision_id order by _row) as k
    from logged
    where hash(decision_id, slot) in (select id_hash from repeated)
) as ranked
where ranked._row = logged._row and ranked.k > 1
