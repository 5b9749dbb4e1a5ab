-- makes: contacts that earlier runs of a night reserved and nothing was said of (SQLite)
-- grain: one row per contact
-- reads: contact, contact_mark, contact_run
-- params: :batch; :run, the present one; :most
select customer_id, decision_id, slot
from contact
where
    run in (select run from contact_run where batch = :batch and run < :run)
    and not exists (select 1 from contact_mark as m where m.decision_id = contact.decision_id)
order by customer_id, decision_id, slot
limit :most
