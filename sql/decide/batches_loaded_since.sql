-- makes: how many files were loaded at or after a time
-- grain: one row
-- reads: batches
-- params: $since, a timestamp
select count(*) from batches where loaded_at >= $since
