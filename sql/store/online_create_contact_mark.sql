-- makes: contact_mark, the last word on whether a decision's contacts were made (SQLite)
-- grain: one row per decision_id of which something was said
-- reads: nothing
-- params: none
create table if not exists contact_mark (
    decision_id text primary key,
    status text not null check (status in ('sent', 'released')),
    ts_us integer not null         -- when it happened, µs since 1970 UTC
) without rowid
