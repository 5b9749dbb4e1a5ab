-- makes: lesson, windows closed live, each with what it teaches the fast learner (SQLite)
-- grain: one row per decision
-- reads: nothing
-- params: none
create table if not exists lesson (
    position integer primary key autoincrement,
    decision_id text not null unique,
    model_version text not null,   -- that made the decision
    action_id text not null,
    channel text,
    as_of_us integer not null,     -- µs since 1970 UTC
    outcome real not null,         -- currency
    expected real,                 -- currency; null: closed, nothing learned
    phi blob not null,             -- float64, little-endian
    closed_us integer not null
)
