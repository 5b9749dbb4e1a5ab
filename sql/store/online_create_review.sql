-- makes: review, decisions that a person looks at before they go out, and what was said of them (SQLite)
-- grain: one row per decision
-- reads: nothing
-- params: none
create table if not exists review (
    decision_id text primary key,
    customer_id text not null,
    slot integer not null,         -- the place of the decision it fills, from 1
    action_id text not null,
    channel text,                  -- null: the action has none
    as_of_us integer not null,     -- moment of the night that decided it, µs since 1970 UTC
    made_us integer not null,      -- when that night wrote it
    net_value real,                -- in currency
    reason text not null,          -- of the rule that matched
    row text not null,             -- JSON: the row of the action file it would have been
    state text not null check (state in ('pending', 'approved', 'rejected')),
    who text not null,             -- who said it; '' while pending
    said_us integer,               -- when; null while pending
    note text not null,            -- why, in their words
    out_as_of_us integer           -- moment of the night whose action file it went out with; null: not yet
) without rowid
