-- makes: what the counted contacts of a night add to contact_total, of which nothing was said (SQLite)
-- grain: one row per kind and hour
-- reads: contact, contact_run, contact_mark
-- params: :batch; :hour_us, an hour; :later_us, a whole number of hours that makes every time positive
select c.kind, (c.at_us + :later_us) / :hour_us - :later_us / :hour_us as bucket, count(*) as n
from contact as c
where
    c.counted = 1
    and c.run in (select r.run from contact_run as r where r.batch = :batch)
    and not exists (select 1 from contact_mark as m where m.decision_id = c.decision_id)
group by 1, 2
order by 1, 2
