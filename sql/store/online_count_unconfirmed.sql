-- makes: how many contacts since a time nobody said anything of in time, so that they count no longer (SQLite)
-- grain: one row
-- reads: contact, contact_mark
-- params: :since_us
select count(*)
from contact as c
where
    c.counted = 0
    and c.at_us >= :since_us
    and not exists (select 1 from contact_mark as m where m.decision_id = c.decision_id)
