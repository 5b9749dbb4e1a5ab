-- makes: nothing; deletes what was said of a decision (SQLite)
-- grain: one row, or none
-- reads: contact_mark
-- params: :decision_id
delete from contact_mark where decision_id = :decision_id
