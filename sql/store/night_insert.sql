-- makes: one decision of a night (SQLite)
-- grain: one row
-- reads: nothing
-- params: decision_id, body, by position
insert into decision values (?, ?)
