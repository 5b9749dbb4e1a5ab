-- makes: one live decision (SQLite)
-- grain: one row, or none
-- reads: decision_journal
-- params: :decision_id
select position, body, closed_us from decision_journal where decision_id = :decision_id
