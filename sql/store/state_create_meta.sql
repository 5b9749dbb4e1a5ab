-- makes: meta, what holds for all customers of a state (SQLite)
-- grain: one row per key
-- reads: nothing
-- params: none
create table meta (key text primary key, value blob not null) without rowid
