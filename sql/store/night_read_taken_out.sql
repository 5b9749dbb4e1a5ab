-- makes: why the contact of a decision is not made (SQLite)
-- grain: one row or none
-- reads: taken_out
-- params: decision_id, by position
select why from taken_out where decision_id = ?
