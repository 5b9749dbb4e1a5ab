-- makes: journal, events of live requests that may not yet be in the warehouse (SQLite)
-- grain: one row per customer and event_id
-- reads: nothing
-- params: none
create table if not exists journal (
    position integer primary key autoincrement,
    event_id text not null,
    customer_id text not null,
    ts_us integer not null,        -- µs since 1970 UTC
    type text not null,
    value text,                    -- decimal as written
    action_id text,
    channel text,
    decision_id text,
    attributes text,               -- JSON object
    unique (customer_id, event_id) -- clients may number the events of each session; decisions look customers up by it
)
