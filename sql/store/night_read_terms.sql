-- makes: the terms of a night (SQLite)
-- grain: one row
-- reads: terms
-- params: none
select body from terms
