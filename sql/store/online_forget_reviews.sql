-- makes: nothing; deletes decisions of nights before a time, but for those approved that are still to go out; one that went
--   out is as old as the night it went out with (SQLite)
-- grain: one row per decision
-- reads: review
-- params: :before_us
delete from review
where coalesce(out_as_of_us, as_of_us) < :before_us and (state <> 'approved' or out_as_of_us is not null)
