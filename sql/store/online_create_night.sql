-- makes: night, the files of the nights' decisions (SQLite)
-- grain: one row per file
-- reads: nothing
-- params: none
create table if not exists night (
    file text primary key,         -- beside this one
    as_of_us integer not null,     -- µs since 1970 UTC
    closes_us integer not null,
    seed integer not null,
    decisions integer not null,
    written_us integer not null
)
