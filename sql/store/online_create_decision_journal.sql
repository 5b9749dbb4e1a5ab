-- makes: decision_journal, live decisions that may not yet be in the warehouse (SQLite)
-- grain: one row per decision_id
-- reads: nothing
-- params: none
create table if not exists decision_journal (
    position integer primary key autoincrement,
    decision_id text not null unique,
    customer_id text,              -- null: an anonymous visitor
    as_of_us integer not null,     -- µs since 1970 UTC
    closes_us integer not null,    -- nothing that arrives later counts
    closed_us integer,             -- when its window was closed; null while it is open
    body blob not null             -- the whole decision in msgpack; JSON in older rows
)
