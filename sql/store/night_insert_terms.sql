-- makes: the terms of a night (SQLite)
-- grain: one row
-- reads: nothing
-- params: body, by position
insert into terms values (1, ?)
