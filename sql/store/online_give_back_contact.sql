-- makes: nothing; deletes a contact nothing was said of (SQLite)
-- grain: one row, or none
-- reads: contact, contact_mark
-- params: :customer_id, :decision_id, :slot
delete from contact
where
    customer_id = :customer_id
    and decision_id = :decision_id
    and slot = :slot
    and not exists (select 1 from contact_mark as m where m.decision_id = contact.decision_id)
