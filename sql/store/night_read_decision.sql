-- makes: one decision of a night (SQLite)
-- grain: one row or none
-- reads: decision
-- params: decision_id, by position
select body from decision where decision_id = ?
