-- makes: watched
-- grain: one row: how far the search for changes came, and what it remembers
-- reads: nothing
-- params: none
create table if not exists watched (
    only_row integer primary key check (only_row = 1),
    position bigint not null,       -- closed windows up to here were looked at
    body varchar not null           -- JSON: a watch per action
)
