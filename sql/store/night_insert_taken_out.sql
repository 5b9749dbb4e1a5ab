-- makes: why the contact of a decision is not made (SQLite)
-- grain: one row
-- reads: nothing
-- params: decision_id, why, by position
insert into taken_out values (?, ?)
