-- makes: events
-- grain: one row per thing that happened, unique by (source, event_id)
-- reads: nothing
-- params: none
create table if not exists events (
    source varchar not null,
    event_id varchar not null,
    source_id varchar not null,     -- the customer's id in the source, as written
    ts timestamp not null,          -- UTC
    type varchar not null,
    value decimal(18, 4),
    action_id varchar,
    channel varchar,
    decision_id varchar,
    attributes varchar,             -- JSON object, keys in order
    batch_id varchar not null
)
