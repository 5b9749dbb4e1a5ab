-- makes: closed_contact, contacts of nights whose windows were closed while others of their night wait (SQLite)
-- grain: one row per decision
-- reads: nothing
-- params: none
create table if not exists closed_contact (
    decision_id text primary key,
    as_of_us integer not null      -- µs since 1970 UTC
) without rowid
