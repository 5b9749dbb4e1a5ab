-- makes: suppression, what must not go out for a while, and to whom (SQLite)
-- grain: one row per suppression
-- reads: nothing
-- params: none
create table if not exists suppression (
    id integer primary key autoincrement,
    customer_id text not null,     -- '': everybody; so in the next three
    action text not null,
    tag text not null,
    channel text not null,
    until_us integer not null,     -- first instant it no longer holds, µs since 1970 UTC; the largest number: no end
    reason text not null,
    who text not null,
    made_us integer not null,
    unique (customer_id, action, tag, channel, until_us, reason) -- decisions look customers up by it
)
