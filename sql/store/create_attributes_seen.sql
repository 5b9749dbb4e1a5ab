-- makes: attributes_seen
-- grain: one row per (source, kind, name)
-- reads: nothing
-- params: none
create table if not exists attributes_seen (
    source varchar not null,
    kind varchar not null,          -- events | customers | decisions (their context)
    name varchar not null,
    type varchar not null           -- number | text | boolean | time | json
)
