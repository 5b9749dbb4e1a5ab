-- makes: consent
-- grain: one row per time somebody said that they may or may not be contacted on a channel,
--   unique by (source, source_id, channel, ts, purpose, address)
-- reads: nothing
-- params: none
create table if not exists consent (
    source varchar not null,
    source_id varchar not null,     -- the customer's id in the source, as written
    channel varchar not null,       -- '*': all channels
    ts timestamp not null,          -- UTC
    state varchar not null,         -- in | out
    purpose varchar,
    address varchar,
    batch_id varchar not null
)
