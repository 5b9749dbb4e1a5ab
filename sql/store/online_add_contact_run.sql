-- makes: a run that reserves a night's contacts (SQLite)
-- grain: one row
-- reads: nothing
-- params: :batch
insert into contact_run (batch) values (:batch)
