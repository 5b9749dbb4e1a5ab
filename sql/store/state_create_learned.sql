-- makes: learned, what was learned when a state was made (SQLite)
-- grain: one row or none
-- reads: nothing
-- params: none
create table learned (only integer primary key check (only = 1), body blob not null)
