-- makes: runs
-- grain: one row per finished command
-- reads: nothing
-- params: none
create table if not exists runs (
    run_id varchar not null,
    command varchar not null,
    started_at timestamp not null,
    ended_at timestamp not null,
    exit_code integer not null,
    summary json
)
