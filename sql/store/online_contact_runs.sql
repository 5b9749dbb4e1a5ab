-- makes: the runs of a night (SQLite)
-- grain: one row per run, newest first
-- reads: contact_run
-- params: :batch
select run from contact_run where batch = :batch order by run desc
