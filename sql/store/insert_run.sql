-- makes: rows in runs
-- grain: one row
-- reads: nothing
-- params: run_id, command, started_us, ended_us, exit_code, summary
insert into runs
values ($run_id, $command, make_timestamp($started_us), make_timestamp($ended_us), $exit_code, $summary)
