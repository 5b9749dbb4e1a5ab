-- makes: rows in reviewed
-- grain: one row per decision that waits or goes out; one that is there stays as it is
-- reads: reviewed, reviewed_rows, registered by the caller
-- params: none
insert into reviewed (decision_id, as_of, out_at)
select decision_id, make_timestamp(as_of_us), make_timestamp(out_at_us)
from reviewed_rows
where decision_id not in (select decision_id from reviewed)
