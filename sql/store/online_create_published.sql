-- makes: published, what is in force live (SQLite)
-- grain: one row
-- reads: nothing
-- params: none
create table if not exists published (
    only integer primary key check (only = 1),
    state text not null,               -- file name of the state, beside this one
    model_version text not null,
    cut_us integer not null,           -- the state knows events before this, µs since 1970 UTC
    journal_position integer not null, -- journalled events up to here are in the state
    published_us integer not null
)
