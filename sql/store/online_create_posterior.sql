-- makes: posterior, the snapshot of the fast learner (SQLite)
-- grain: one row
-- reads: nothing
-- params: none
create table if not exists posterior (
    only integer primary key check (only = 1),
    model_version text not null,      -- whose residuals it models
    body blob not null,
    lesson_position integer not null, -- lessons up to here are in it
    closed_position integer not null, -- windows closed in the warehouse up to here are in it
    learned_us integer not null,      -- the newest moment learned from, µs since 1970 UTC
    snapshots integer not null        -- how often it was put in force
)
