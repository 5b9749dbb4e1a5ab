-- makes: whether a contact's window was closed (SQLite)
-- grain: one row or none
-- reads: closed_contact
-- params: :decision_id
select 1 from closed_contact where decision_id = :decision_id
