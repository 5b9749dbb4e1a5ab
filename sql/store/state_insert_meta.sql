-- makes: one key of a state's meta (SQLite)
-- grain: one row
-- reads: nothing
-- params: key, value, by position
insert into meta values (?, ?)
