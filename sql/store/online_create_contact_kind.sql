-- makes: contact_kind, what contacts were of: action, channel, tags and cost as they were at the time (SQLite)
-- grain: one row per action, channel, tags and cost
-- reads: nothing
-- params: none
create table if not exists contact_kind (
    kind integer primary key,      -- hash of the other columns, so that it never means anything else
    action_id text not null,
    channel text,                  -- null: no channel
    tags text not null,            -- JSON array
    cost real not null             -- of one contact, in the workspace's currency
)
