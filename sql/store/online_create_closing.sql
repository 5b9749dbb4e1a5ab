-- makes: closing, up to which decisions outcome windows were closed in the warehouse (SQLite)
-- grain: one row
-- reads: nothing
-- params: none
create table if not exists closing (
    only integer primary key check (only = 1),
    closed_us integer not null,    -- windows of decisions up to here are over, µs since 1970 UTC
    settled_us integer not null    -- of those up to here no contact waits for a confirmation any more
)
