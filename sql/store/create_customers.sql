-- makes: customers
-- grain: one row per (source, source_id, valid_from)
-- reads: nothing
-- params: none
create table if not exists customers (
    source varchar not null,
    source_id varchar not null,
    valid_from timestamp,           -- UTC; null: always known
    timezone varchar,
    account_id varchar,
    attributes varchar,             -- JSON object, keys in order
    batch_id varchar not null
)
