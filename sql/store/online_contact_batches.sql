-- makes: the nights that were ever reserved (SQLite)
-- grain: one row per night
-- reads: contact_run
-- params: none
select distinct batch from contact_run
