-- makes: terms, what all decisions of a night have in common (SQLite)
-- grain: one row
-- reads: nothing
-- params: none
create table terms (only integer primary key check (only = 1), body blob not null)
