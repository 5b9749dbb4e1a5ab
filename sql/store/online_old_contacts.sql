-- makes: contacts of before a time, by when they were to be made or, where they were sent later, by then (SQLite)
-- grain: one row per contact
-- reads: contact, contact_mark
-- params: :before_us; :most
select customer_id, decision_id, slot
from contact
where
    at_us < :before_us
    and not exists (
        select 1
        from contact_mark as m
        where m.decision_id = contact.decision_id and m.status = 'sent' and m.ts_us >= :before_us
    )
order by customer_id, decision_id, slot
limit :most
