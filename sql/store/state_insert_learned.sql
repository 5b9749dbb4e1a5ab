-- makes: what was learned when a state was made (SQLite)
-- grain: one row
-- reads: nothing
-- params: body, by position
insert into learned values (1, ?)
