-- makes: contact_total, how many contacts count, so that sums over everybody are short (SQLite)
-- grain: one row per kind and clock hour of the time they go out
-- reads: nothing
-- params: none
create table if not exists contact_total (
    kind integer not null,         -- of contact_kind
    bucket integer not null,       -- hours since 1970 UTC; the least one: contacts that were swept
    n integer not null,            -- contacts with counted = 1
    seq integer not null,          -- of contact_change when it last changed
    primary key (kind, bucket)
) without rowid
