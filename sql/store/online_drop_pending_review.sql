-- makes: nothing; deletes a decision that still waits for a person (SQLite)
-- grain: one row, or none
-- reads: review
-- params: :decision_id
delete from review where decision_id = :decision_id and state = 'pending'
