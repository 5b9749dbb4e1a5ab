-- makes: what was learned when a state was made (SQLite)
-- grain: one row or none
-- reads: learned
-- params: none
select body from learned
