-- makes: nothing; deletes a contact (SQLite)
-- grain: one row, or none
-- reads: contact
-- params: :customer_id, :decision_id, :slot
delete from contact where customer_id = :customer_id and decision_id = :decision_id and slot = :slot
