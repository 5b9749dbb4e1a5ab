-- makes: rows in closed
-- grain: one row per window closed live that is not stored yet
-- reads: incoming, closed
-- params: none
insert into closed (position, decision_id, slot, as_of, outcome, closed_at)
select
    (select coalesce(max(position), 0) from closed) + row_number() over (order by i.place),
    i.decision_id, 1, make_timestamp(i.as_of_us), i.outcome, make_timestamp(i.closed_us)
from incoming as i
where not exists (select 1 from closed as c where c.decision_id = i.decision_id and c.slot = 1)
