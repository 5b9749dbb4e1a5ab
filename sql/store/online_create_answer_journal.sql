-- makes: answer_journal, what was answered to decisions (SQLite)
-- grain: one row per decision, outcome_id, objective and status
-- reads: nothing
-- params: none
create table if not exists answer_journal (
    position integer primary key autoincrement,
    decision_id text not null,
    outcome_id text not null,      -- '' of a confirmation or release
    objective text not null,       -- '' of a confirmation or release
    value text,                    -- decimal as written; null of a confirmation or release
    status text not null,          -- sent | released, '' of an outcome
    ts_us integer not null,        -- when it happened, µs since 1970 UTC
    received_us integer not null,  -- when it was told
    told text not null,            -- credited | late | unknown | confirmed | released
    unique (decision_id, outcome_id, objective, status)
)
